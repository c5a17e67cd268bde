// How much the page and the launcher may weigh as they are sent. The build fails above it, so that
// nobody finds out later, on a slow line. What is weighed is left beside each file for the server.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

/** Bytes after gzip: everything that the page can load. */
const PAGE_MAX = 20_000;
/** Bytes of the launcher that other sites load, as it is: the server writes into it before it is sent. */
const LAUNCHER_MAX = 3_000;
const LAUNCHER = 'embed.js';

export function sizeLimit(): Plugin {
  return {
    name: 'size-limit',
    enforce: 'post',
    writeBundle({ dir = '' }, bundle) {
      const sizes = new Map<string, number>();
      for (const file of Object.values(bundle)) {
        const content = file.type === 'chunk' ? file.code : file.source;
        if (file.fileName === LAUNCHER) {
          sizes.set(LAUNCHER, Buffer.byteLength(content));
          continue;
        }
        const packed = gzipSync(content, { level: 9 });
        writeFileSync(join(dir, `${file.fileName}.gz`), packed);
        sizes.set(file.fileName, packed.length);
      }
      const launcher = sizes.get(LAUNCHER) ?? 0;
      const page = [...sizes.values()].reduce((sum, size) => sum + size, -launcher);
      for (const [name, size] of sizes) this.info(`${String(size).padStart(6)}  ${name}`);
      for (const { what, size, max } of [
        { what: 'page, gzip', size: page, max: PAGE_MAX },
        { what: 'launcher', size: launcher, max: LAUNCHER_MAX },
      ]) {
        this.info(`${String(size).padStart(6)}  the ${what}, of ${max}`);
        if (size > max) this.error(`the ${what} is ${size} bytes; it may be ${max}`);
      }
    },
  };
}
