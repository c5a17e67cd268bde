// All tests, so that they are bundled into one file.
import './any-order.test';
import './attention.test';
import './beginning.test';
import './drafts.test';
import './links.test';
import './log.test';
import './over.test';
import './sending.test';
import './slim.test';
import './two-tabs.test';
import './words.test';
