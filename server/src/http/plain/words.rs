//! What the page without JavaScript says, one table a language. What the live page says too is said in
//! the same words: a test compares them with its tables. To add a language: a table, and its place in
//! `LANGUAGES`.

use std::convert::Infallible;

use axum::{
    extract::{FromRequestParts, Query},
    http::{header, request::Parts},
};
use serde::Deserialize;
use support_shared::{ErrorCode, message::SystemEvent};

use crate::http::problem::Problem;

pub(super) struct Words {
    pub(super) lang: &'static str,
    pub(super) dir: &'static str,
    pub(super) heading: &'static str,
    pub(super) reference: &'static str,
    pub(super) done: &'static str,
    pub(super) greeting: &'static str,
    pub(super) invitation: &'static str,
    pub(super) conversation: &'static str,
    pub(super) earlier_messages: &'static str,
    pub(super) look: &'static str,
    pub(super) newest: &'static str,
    pub(super) over: &'static str,
    pub(super) alone: &'static str,
    pub(super) closed: &'static str,
    pub(super) ended: &'static str,
    /// Before and after the number.
    pub(super) rated: [&'static str; 2],
    pub(super) fresh: &'static str,
    pub(super) transcript: &'static str,
    pub(super) not_done: &'static str,
    pub(super) kept: &'static str,
    pub(super) again: &'static str,
    pub(super) message: &'static str,
    pub(super) write: &'static str,
    pub(super) send: &'static str,
    pub(super) optional: &'static str,
    pub(super) name: &'static str,
    pub(super) email: &'static str,
    pub(super) subject: &'static str,
    pub(super) others: &'static str,
    pub(super) you: &'static str,
    pub(super) sent: &'static str,
    pub(super) seen: &'static str,
    pub(super) how: &'static str,
    pub(super) worst: &'static str,
    pub(super) comment: &'static str,
    pub(super) rate: &'static str,
    /// What the desk wrote into the conversation; nothing where its own words are used.
    pub(super) event: fn(&SystemEvent) -> Option<String>,
    /// Why something was not done; nothing where the desk's own words are used.
    refusal: Option<fn(ErrorCode) -> &'static str>,
}

const LANGUAGES: [&Words; 2] = [&EN, &AR];

static EN: Words = Words {
    lang: "en",
    dir: "ltr",
    heading: "Support",
    reference: "Conversation ",
    done: "I am done",
    greeting: "How can we help?",
    invitation: "Write to us. The answer is on this page when you load it again.",
    conversation: "Conversation",
    earlier_messages: "Earlier messages",
    look: "Look for an answer",
    newest: "Newest messages",
    over: "After the conversation",
    alone: "No agent is in the conversation right now. Your message is kept and will be answered here.",
    closed: "This conversation is closed.",
    ended: "You said that you are done. If there is more, just write.",
    rated: ["Thank you. You gave ", " of 5."],
    fresh: "Start a new conversation",
    transcript: "Download as text",
    not_done: "Not done: ",
    kept: "What you wrote",
    again: "Try again",
    message: "Your message",
    write: "Write a message",
    send: "Send",
    optional: "(optional)",
    name: "Your name",
    email: "E-mail",
    subject: "What is it about?",
    others: "Your other conversations",
    you: "You",
    sent: "Sent",
    seen: "Seen",
    how: "How was it?",
    worst: "1 is bad, 5 is good",
    comment: "Anything to add? (optional)",
    rate: "Send rating",
    event: event_in_english,
    refusal: None,
};

static AR: Words = Words {
    lang: "ar",
    dir: "rtl",
    heading: "الدعم",
    reference: "المحادثة ",
    done: "انتهيت",
    greeting: "كيف يمكننا مساعدتك؟",
    invitation: "اكتب إلينا. ستجد الرد في هذه الصفحة عند تحميلها من جديد.",
    conversation: "المحادثة",
    earlier_messages: "رسائل أقدم",
    look: "هل وصل رد؟",
    newest: "أحدث الرسائل",
    over: "بعد المحادثة",
    alone: "لا يوجد موظف دعم في المحادثة الآن. رسالتك محفوظة وسيتم الرد عليها هنا.",
    closed: "هذه المحادثة مغلقة.",
    ended: "قلت إنك انتهيت. إذا كان لديك المزيد فاكتب لنا.",
    rated: ["شكرًا لك. تقييمك: ", " من 5."],
    fresh: "بدء محادثة جديدة",
    transcript: "تنزيل كنص",
    not_done: "لم يتم ذلك: ",
    kept: "ما كتبته",
    again: "إعادة المحاولة",
    message: "رسالتك",
    write: "اكتب رسالة",
    send: "إرسال",
    optional: "(اختياري)",
    name: "اسمك",
    email: "البريد الإلكتروني",
    subject: "ما الموضوع؟",
    others: "محادثاتك الأخرى",
    you: "أنت",
    sent: "أُرسلت",
    seen: "قُرئت",
    how: "كيف كانت تجربتك؟",
    worst: "1 سيئة، 5 جيدة",
    comment: "هل تود إضافة شيء؟ (اختياري)",
    rate: "إرسال التقييم",
    event: event_in_arabic,
    refusal: Some(refusal_in_arabic),
};

/// The desk says it in English already, but speaks of the guest to others.
fn event_in_english(event: &SystemEvent) -> Option<String> {
    matches!(event, SystemEvent::GuestEnded).then(|| "You ended the conversation".to_owned())
}

fn event_in_arabic(event: &SystemEvent) -> Option<String> {
    // A name in its own direction, whichever that is.
    let apart = |name: &str| format!("\u{2068}{name}\u{2069}");
    match event {
        SystemEvent::AgentJoined { agent } => {
            Some(format!("انضم {} إلى المحادثة", apart(&agent.name)))
        }
        SystemEvent::AgentLeft { agent } => Some(format!("غادر {} المحادثة", apart(&agent.name))),
        SystemEvent::GuestEnded => Some("أنهيت المحادثة".to_owned()),
        SystemEvent::TicketClosed { agent, reason } => {
            let closed = match agent {
                Some(agent) => format!("أغلق {} المحادثة", apart(&agent.name)),
                None => "أُغلقت المحادثة".to_owned(),
            };
            let why = reason.as_deref().map(|why| format!(": {}", apart(why)));
            Some(closed + why.as_deref().unwrap_or_default())
        }
        SystemEvent::TicketReopened { agent: Some(agent) } => {
            Some(format!("أعاد {} فتح المحادثة", apart(&agent.name)))
        }
        SystemEvent::TicketReopened { agent: None } => Some("أُعيد فتح المحادثة".to_owned()),
        SystemEvent::TicketAssigned { .. } | SystemEvent::TicketTagged { .. } => None,
    }
}

fn refusal_in_arabic(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::Invalid => "تحقق مما كتبته",
        ErrorCode::TooLarge => "الرسالة طويلة جدًا",
        ErrorCode::TicketClosed => "هذه المحادثة مغلقة",
        ErrorCode::NotFound => "لم تعد هذه المحادثة متاحة",
        ErrorCode::RateLimited => "رسائل كثيرة في وقت قصير. انتظر قليلًا",
        ErrorCode::Unauthenticated => "انتهت جلستك",
        _ => "أعد المحاولة من فضلك",
    }
}

/// The language that a page is shown in.
#[derive(Clone, Copy)]
pub(super) struct Speech {
    pub(super) words: &'static Words,
    /// The address asks for it, so further addresses have to.
    asked: bool,
}

impl Default for Speech {
    fn default() -> Self {
        Self { words: &EN, asked: false }
    }
}

impl Speech {
    /// What the address asks for, else the first of the browser's languages that there is.
    fn chosen(asked: Option<&str>, accepted: &str) -> Self {
        let words = |tag: &str| {
            let start = tag.trim().get(..2)?.to_ascii_lowercase();
            LANGUAGES.into_iter().find(|it| it.lang == start)
        };
        if let Some(words) = asked.and_then(words) {
            return Self { words, asked: true };
        }
        accepted
            .split(',')
            .find_map(words)
            .map_or_else(Self::default, |words| Self { words, asked: false })
    }

    /// What an address has to say of the language, after `separator`.
    pub(super) fn query(self, separator: &str) -> String {
        if self.asked { format!("{separator}lang={}", self.words.lang) } else { String::new() }
    }

    /// Why something was not done.
    pub(super) fn why(self, problem: &Problem) -> String {
        let own = |of: fn(ErrorCode) -> &'static str| of(problem.code());
        self.words.refusal.map_or(problem.message(), own).to_owned()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Speech {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        #[derive(Deserialize)]
        struct Asked {
            lang: Option<String>,
        }
        let asked = Query::<Asked>::try_from_uri(&parts.uri).ok().and_then(|it| it.0.lang);
        let accepted = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|it| it.to_str().ok());
        Ok(Self::chosen(asked.as_deref(), accepted.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_decides_then_the_first_language_of_the_browser_that_there_is() {
        let lang = |asked, accepted| Speech::chosen(asked, accepted).words.lang;

        assert_eq!(lang(None, ""), "en");
        assert_eq!(lang(None, "ar-EG,ar;q=0.9,en;q=0.8"), "ar");
        assert_eq!(lang(None, "fr-FR, AR;q=0.5"), "ar");
        assert_eq!(lang(None, "en-GB,ar"), "en");
        assert_eq!(lang(Some("ar"), "en"), "ar");
        assert_eq!(lang(Some("xx"), "ar"), "ar");
        assert_eq!(lang(Some("é"), "*"), "en");
        assert_eq!(Speech::chosen(None, "ar").query("?"), "");
        assert_eq!(Speech::chosen(Some("ar"), "").query("?"), "?lang=ar");
    }

    #[test]
    fn what_the_live_page_says_too_is_said_in_the_same_words() {
        let pages = [
            (&EN, include_str!("../../../../guest-web/src/en.ts")),
            (&AR, include_str!("../../../../guest-web/src/ar.ts")),
        ];
        for (words, page) in pages {
            let same = [
                words.heading,
                words.reference,
                words.done,
                words.greeting,
                words.conversation,
                words.newest,
                words.over,
                words.alone,
                words.closed,
                words.ended,
                words.rated[0],
                words.rated[1],
                words.fresh,
                words.transcript,
                words.message,
                words.write,
                words.send,
                words.name,
                words.email,
                words.subject,
                words.you,
                words.sent,
                words.seen,
                words.how,
                words.worst,
                words.comment,
                words.rate,
            ];
            for text in same {
                assert!(page.contains(text), "{text}");
            }
            let ended = (words.event)(&SystemEvent::GuestEnded).unwrap();
            assert!(page.contains(&ended), "{ended}");
        }
    }
}
