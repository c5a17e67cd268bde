//! How types with a form of their own describe themselves, where the feature `schema` asks for it.

/// A type that is a text on the wire.
macro_rules! text {
    ($name:ident, $what:literal) => {
        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "description": $what })
            }
        }
    };
}

/// A type that is a text or nothing on the wire.
macro_rules! text_or_null {
    ($name:ident, $what:literal) => {
        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": ["string", "null"], "description": $what })
            }
        }
    };
}

pub(crate) use {text, text_or_null};
