// What the page says in Arabic, which is written from right to left. Counts stand behind a colon, so
// that no sentence depends on Arabic's six plurals.

import type { Words } from './words';

const refusals: Partial<Record<string, string>> = {
  invalid: 'تحقق من اسمك وبريدك ورسالتك',
  conflict: 'لديك محادثات مفتوحة كثيرة',
  forbidden_origin: 'لا يُسمح بعرض هذه الصفحة في هذا الموقع',
  ticket_closed: 'هذه المحادثة مغلقة',
  not_found: 'لم تعد هذه المحادثة متاحة',
  too_large: 'الرسالة طويلة جدًا',
  session_ended: 'انتهت جلستك. تأكد من السماح بملفات تعريف الارتباط ثم أعد المحاولة',
};

const why = (code: string): string => refusals[code] ?? 'أعد المحاولة لاحقًا';

/** A name in its own direction, whichever that is. */
const apart = (name: string): string => `\u2068${name}\u2069`;

export const ar: Words = {
  locale: navigator.languages.find((language) => language.startsWith('ar')) ?? 'ar',
  dir: 'rtl',
  frame: {
    greeting: 'كيف يمكننا مساعدتك؟',
    invitation: 'اكتب إلينا وسنجيبك هنا. لا تحتاج إلى حساب.',
    conversation: 'المحادثة',
    over: 'بعد المحادثة',
    message: 'رسالتك',
    write: 'اكتب رسالة',
    send: 'إرسال',
    details: 'اسمك وبريدك (اختياري)',
    name: 'اسمك',
    email: 'البريد الإلكتروني',
    subject: 'ما الموضوع؟',
    save: 'حفظ',
    open: 'مفتوحة',
    closed: 'مغلقة',
    done: 'انتهيت',
    earlier: 'المحادثات السابقة',
    how: 'كيف كانت تجربتك؟',
    worst: '1 سيئة، 5 جيدة',
    comment: 'هل تود إضافة شيء؟ (اختياري)',
    rate: 'إرسال التقييم',
    transcript: 'تنزيل كنص',
    plain: 'لا يوجد اتصال مباشر؟ اكتب بدونه',
  },
  status: {
    idle: '',
    connecting: 'جارٍ الاتصال…',
    online: 'متصل',
    offline: 'غير متصل – رسائلك محفوظة وسيتم إرسالها',
  },
  title: (unread) => (unread > 0 ? `(${unread}) الدعم` : 'الدعم'),
  heading: 'الدعم',
  withAgent: (name) => `أنت تتحدث مع ${apart(name)}`,
  reference: (ref) => `المحادثة ${apart(ref)}`,
  loading: 'جارٍ تحميل محادثتك…',
  loadingOlder: 'جارٍ تحميل رسائل أقدم…',
  you: 'أنت',
  waiting: 'جارٍ الإرسال…',
  keptOffline: 'بانتظار الإرسال',
  sent: 'أُرسلت',
  seen: 'قُرئت',
  typing: (name) => `${apart(name)} يكتب…`,
  alone: 'لا يوجد موظف دعم في المحادثة الآن. رسالتك محفوظة وسيتم الرد عليها هنا.',
  failed: ({ code }) => `لم تُرسل: ${why(code)}`,
  named: (as) => (as === 'kept' ? 'شكرًا لك، تم الحفظ.' : `لم يُحفظ: ${why(as)}`),
  retry: 'إعادة المحاولة',
  discard: 'حذف',
  today: 'اليوم',
  yesterday: 'أمس',
  newer: (count) => `رسائل جديدة: ${count} ↓`,
  toNewest: 'أحدث الرسائل ↓',
  left: (count) => `الأحرف المتبقية: ${count}`,
  over: (count) => `الأحرف الزائدة: ${count}`,
  outboxFull: 'هناك رسائل كثيرة بانتظار الإرسال. أعد المحاولة بعد إرسالها.',
  closed: 'هذه المحادثة مغلقة.',
  ended: 'قلت إنك انتهيت. إذا كان لديك المزيد فاكتب لنا.',
  fresh: 'بدء محادثة جديدة',
  toOpen: 'الانتقال إلى محادثتك المفتوحة',
  chooseScore: 'اختر رقمًا من 1 إلى 5.',
  rated: (score) => `شكرًا لك. تقييمك: ${score} من 5.`,
  unchanged: (problem) => (problem === 'too_large' ? 'تعليقك طويل جدًا.' : 'لم يتم ذلك. أعد المحاولة من فضلك.'),
  earlier: ({ subject, lastMessage, ref }) => subject ?? lastMessage?.preview ?? ref,
  event(event) {
    const agent = 'agent' in event ? event.agent : null;
    const by = agent && apart(agent.name);
    switch (event.type) {
      case 'agentJoined':
        return `انضم ${by} إلى المحادثة`;
      case 'agentLeft':
        return `غادر ${by} المحادثة`;
      case 'guestEnded':
        return 'أنهيت المحادثة';
      case 'ticketClosed':
        return (by ? `أغلق ${by} المحادثة` : 'أُغلقت المحادثة') + (event.reason ? `: ${apart(event.reason)}` : '');
      case 'ticketReopened':
        return by ? `أعاد ${by} فتح المحادثة` : 'أُعيد فتح المحادثة';
      default:
        return null;
    }
  },
};
