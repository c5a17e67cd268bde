// All tests, so that they are bundled into one file.
import './any-order.test';
import './chat.test';
import './drafts.test';
import './links.test';
import './slim.test';
import './two-tabs.test';
import './words.test';
