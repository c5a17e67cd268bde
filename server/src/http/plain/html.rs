//! How the page without JavaScript looks: the same style sheet, written as text. Whatever a person
//! wrote goes through [`Escaped`], and nothing else may come between the tags.

use std::fmt::{self, Display, Write};

use axum::response::Html;
use support_shared::{
    message::{Message, SenderRole},
    ticket::{GuestTicket, TicketStatus},
};
use ulid::Ulid;

use super::{
    links::pieces,
    words::{Speech, Words},
};
use crate::http::page;

/// What is in the form that a message is written in.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) content: String,
    /// The message's own id: sent twice, it is stored once.
    pub(super) key: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) subject: String,
    /// Why what was sent before did not come about.
    pub(super) why: Option<String>,
}

impl Draft {
    pub(super) fn new(key: Ulid) -> Self {
        Self { key: key.to_string(), ..Self::default() }
    }
}

/// All that one page shows.
#[derive(Default)]
pub(super) struct Look {
    pub(super) ticket: Option<GuestTicket>,
    pub(super) messages: Vec<Message>,
    pub(super) has_more: bool,
    pub(super) is_newest: bool,
    pub(super) is_attended: bool,
    pub(super) tickets: Vec<GuestTicket>,
    pub(super) draft: Draft,
    pub(super) speech: Speech,
}

/// Text between tags or in a quoted attribute.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            c => f.write_char(c),
        })
    }
}

impl Look {
    /// A page that can show nothing but why.
    pub(super) fn sorry(why: String, speech: Speech) -> Self {
        Self { draft: Draft { why: Some(why), ..Draft::default() }, speech, ..Self::default() }
    }

    pub(super) fn html(&self) -> Html<String> {
        let mut out = String::new();
        // Writing into a string cannot fail.
        let _ = self.write(&mut out);
        Html(out)
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        let style = page::style();
        let words = self.speech.words;
        let Words { lang, dir, heading, .. } = words;
        write!(
            out,
            "<!doctype html>\n<html lang=\"{lang}\" dir=\"{dir}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{heading}</title>\n\
             <link rel=\"stylesheet\" href=\"/{style}\">\n</head>\n<body class=\"plain\">\n\
             <header>\n<div class=\"who\">\n<h1>{heading}</h1>\n"
        )?;
        out.push_str("</div>\n<div class=\"menu\">\n");
        if let Some(ticket) = &self.ticket {
            let (of, reference) = (words.reference, ticket.reference);
            writeln!(out, "<p id=\"reference\">{of}<bdi>{reference}</bdi></p>")?;
        }
        if let Some(ticket) = self.ticket.as_ref().filter(|it| goes_on(it)) {
            writeln!(
                out,
                "<form method=\"post\" action=\"/plain/end{}\">{}<button class=\"quiet\">{}</button></form>",
                self.speech.query("?"),
                hidden("ticket", &ticket.id.to_string()),
                words.done,
            )?;
        }
        out.push_str("</div>\n</header>\n<main>\n");
        match &self.ticket {
            None => writeln!(
                out,
                "<section id=\"greeting\"><h2>{}</h2><p>{}</p></section>",
                words.greeting, words.invitation
            )?,
            Some(ticket) => self.conversation(out, ticket)?,
        }
        self.form(out)?;
        self.others(out)?;
        out.push_str("</main>\n</body>\n</html>\n");
        Ok(())
    }

    fn conversation(&self, out: &mut String, ticket: &GuestTicket) -> fmt::Result {
        let (words, lang) = (self.speech.words, self.speech.query("&amp;"));
        writeln!(out, "<section id=\"log\" aria-label=\"{}\">", words.conversation)?;
        if let Some(first) = self.messages.first().and_then(|it| it.seq).filter(|_| self.has_more) {
            let id = ticket.id;
            writeln!(
                out,
                "<p class=\"day\"><a href=\"/plain?ticket={id}&amp;before={first}{lang}\">{}</a></p>",
                words.earlier_messages
            )?;
        }
        self.messages.iter().try_for_each(|message| entry(out, message, ticket, words))?;
        out.push_str("</section>\n<p class=\"reload\" id=\"end\">");
        let what = if self.is_newest { words.look } else { words.newest };
        // Another address each time, or a browser would only go to the mark.
        let last = ticket.last_seq;
        let id = ticket.id;
        writeln!(out, "<a href=\"/plain?ticket={id}&amp;at={last}{lang}#end\">{what}</a></p>")?;
        if goes_on(ticket) {
            if self.is_newest && !self.is_attended && self.waits() {
                writeln!(out, "<p id=\"agents\">{}</p>", words.alone)?;
            }
            return Ok(());
        }
        let is_closed = ticket.status == TicketStatus::Closed;
        writeln!(
            out,
            "<section id=\"over\" aria-label=\"{}\">\n<p id=\"state\">{}</p>",
            words.over,
            if is_closed { words.closed } else { words.ended }
        )?;
        match &ticket.rating {
            Some(rating) => {
                let [before, after] = words.rated;
                writeln!(out, "<p id=\"rated\">{before}{}{after}</p>", rating.score)?;
            }
            None => rating(out, ticket, self.speech)?,
        }
        writeln!(
            out,
            "<div class=\"ways\"><a class=\"quiet\" href=\"/plain?new=1{lang}\">{}</a>\
             <a class=\"quiet\" href=\"/guest/tickets/{}/transcript\" download>{}</a></div>\n</section>",
            words.fresh, ticket.id, words.transcript
        )
    }

    /// Whether the last word is the guest's.
    fn waits(&self) -> bool {
        let mut said = self.messages.iter().rev().map(|it| it.sender_role);
        said.find(|role| *role != SenderRole::System) == Some(SenderRole::Guest)
    }

    fn form(&self, out: &mut String) -> fmt::Result {
        let (draft, words) = (&self.draft, self.speech.words);
        if let Some(why) = &draft.why {
            let (not_done, why) = (words.not_done, Escaped(why));
            writeln!(out, "<p id=\"problem\" role=\"alert\">{not_done}{why}</p>")?;
        }
        let closed = self.ticket.as_ref().is_some_and(|it| it.status == TicketStatus::Closed);
        if closed {
            // What was written to a conversation that has been closed meanwhile is not thrown away.
            if !draft.content.is_empty() {
                let text = Escaped(&draft.content);
                writeln!(
                    out,
                    "<label class=\"kept\">{}<textarea readonly rows=\"5\" dir=\"auto\">\n{text}</textarea></label>",
                    words.kept
                )?;
            }
            return Ok(());
        }
        if draft.key.is_empty() {
            let (lang, again) = (self.speech.query("?"), words.again);
            return writeln!(out, "<p class=\"reload\"><a href=\"/plain{lang}\">{again}</a></p>");
        }
        let ticket = self.ticket.as_ref().map(|it| hidden("ticket", &it.id.to_string()));
        write!(
            out,
            "<form id=\"form\" method=\"post\" action=\"/plain/message{}\">\n{}{}<div class=\"box\">\
             <label for=\"composer\" class=\"unseen\">{}</label>\
             <textarea id=\"composer\" name=\"content\" rows=\"4\" required dir=\"auto\" placeholder=\"{}\">\n{}</textarea>\
             <button id=\"send\" class=\"primary\">{}</button></div>\n",
            self.speech.query("?"),
            hidden("key", &draft.key),
            ticket.as_deref().unwrap_or_default(),
            words.message,
            words.write,
            Escaped(&draft.content),
            words.send,
        )?;
        if ticket.is_none() {
            let optional = |label| format!("{label} {}", words.optional);
            writeln!(
                out,
                "<div class=\"fields\">{}{}{}</div>",
                field("name", &optional(words.name), "text", 80, &draft.name),
                field("email", &optional(words.email), "email", 254, &draft.email),
                field("subject", &optional(words.subject), "text", 200, &draft.subject),
            )?;
        }
        out.push_str("</form>\n");
        Ok(())
    }

    fn others(&self, out: &mut String) -> fmt::Result {
        let current = self.ticket.as_ref().map(|it| it.id);
        let mut others = self.tickets.iter().filter(|it| Some(it.id) != current).peekable();
        if others.peek().is_none() {
            return Ok(());
        }
        let (words, lang) = (self.speech.words, self.speech.query("&amp;"));
        let others_are = words.others;
        writeln!(
            out,
            "<nav class=\"others\" aria-label=\"{others_are}\"><h2>{others_are}</h2>\n<ul>"
        )?;
        for ticket in others {
            let preview = ticket.last_message.as_ref().map(|it| it.preview.as_str());
            let title = ticket.subject.as_deref().or(preview).unwrap_or(words.conversation);
            writeln!(
                out,
                "<li><a href=\"/plain?ticket={}{lang}\"><bdi>{}</bdi></a> {}</li>",
                ticket.id,
                Escaped(title),
                time(&ticket.updated_at.to_string())
            )?;
        }
        out.push_str("</ul></nav>\n");
        Ok(())
    }
}

fn goes_on(ticket: &GuestTicket) -> bool {
    ticket.status == TicketStatus::Open && !ticket.ended_by_guest
}

fn entry(out: &mut String, message: &Message, ticket: &GuestTicket, words: &Words) -> fmt::Result {
    let seq = message.seq.unwrap_or_default();
    let at = time(&message.created_at.to_string());
    let is_own = message.sender_role == SenderRole::Guest;
    let name = Escaped(if is_own { words.you } else { &message.sender_name });
    match message.sender_role {
        SenderRole::System => {
            let told = message.event.as_ref().and_then(words.event);
            let text = Escaped(told.as_ref().unwrap_or(&message.content));
            writeln!(
                out,
                "<div class=\"entry system\" data-seq=\"{seq}\"><span class=\"text\" dir=\"auto\">{text}</span>{at}</div>"
            )
        }
        SenderRole::Guest | SenderRole::Agent => {
            let (whose, name_class) =
                if is_own { ("own", "name unseen") } else { ("other", "name") };
            let read = if seq <= ticket.agent_read_seq { words.seen } else { words.sent };
            let state = || format!("<span class=\"state\">{read}</span>");
            let state = if is_own { state() } else { String::new() };
            write!(
                out,
                "<div class=\"entry {whose}\" data-seq=\"{seq}\"><bdi class=\"{name_class}\">{name}</bdi>\
                 <div class=\"text\" dir=\"auto\">"
            )?;
            for piece in pieces(&message.content) {
                let text = Escaped(piece.text);
                if piece.is_link {
                    write!(
                        out,
                        "<a href=\"{text}\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">{text}</a>"
                    )?;
                } else {
                    write!(out, "{text}")?;
                }
            }
            writeln!(out, "</div><div class=\"meta\">{at}{state}</div></div>")
        }
    }
}

fn rating(out: &mut String, ticket: &GuestTicket, speech: Speech) -> fmt::Result {
    let Words { how, worst, comment, rate, .. } = speech.words;
    write!(
        out,
        "<form id=\"rating\" method=\"post\" action=\"/plain/rate{}\">{}\
         <fieldset><legend>{how} {worst}</legend><span id=\"scores\">",
        speech.query("?"),
        hidden("ticket", &ticket.id.to_string()),
    )?;
    for score in 1..=5 {
        write!(
            out,
            "<label><input type=\"radio\" name=\"score\" value=\"{score}\" required>{score}</label>"
        )?;
    }
    out.push_str("</span></fieldset>");
    let comment = field("comment", comment, "text", 1000, "");
    writeln!(out, "{comment}<button class=\"quiet\">{rate}</button></form>")
}

fn hidden(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", Escaped(value))
}

fn field(name: &str, label: &str, kind: &str, max: u32, value: &str) -> String {
    let value = Escaped(value);
    format!(
        "<label>{label} <input name=\"{name}\" type=\"{kind}\" maxlength=\"{max}\" value=\"{value}\" dir=\"auto\"></label>"
    )
}

/// A moment to the minute, in UTC: the server does not know where the guest is.
fn time(at: &str) -> String {
    let shown = at.get(..16).unwrap_or(at).replace('T', " ");
    format!("<time datetime=\"{at}\" dir=\"ltr\">{shown} UTC</time>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_wrote_comes_as_text_wherever_it_stands() {
        let hostile = "</textarea><img src=x onerror=\"alert(1)\">'&";
        let mut draft = Draft::new(Ulid::from(1));
        for field in [
            &mut draft.content,
            &mut draft.key,
            &mut draft.name,
            &mut draft.email,
            &mut draft.subject,
        ] {
            hostile.clone_into(field);
        }
        draft.why = Some(hostile.to_owned());

        let Html(text) = Look { draft, ..Look::default() }.html();

        assert!(!text.contains("<img"), "{text}");
        let escaped = "&lt;/textarea&gt;&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&#39;&amp;";
        assert_eq!(text.matches(escaped).count(), 6, "{text}");
    }
}
