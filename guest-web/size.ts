// How much the page and the launcher may weigh. The build fails above it, so that nobody finds out
// later, on a slow line.
import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

/** Bytes after gzip: everything that the page loads, and the launcher that other sites load. */
const PAGE_MAX = 20_000;
const LAUNCHER_MAX = 3_000;

export function sizeLimit(): Plugin {
  return {
    name: 'size-limit',
    enforce: 'post',
    writeBundle(_options, bundle) {
      const weigh = (isMeant: (name: string) => boolean): number =>
        Object.values(bundle)
          .filter((file) => isMeant(file.fileName))
          .map((file) => gzipSync(file.type === 'chunk' ? file.code : file.source, { level: 9 }).length)
          .reduce((sum, size) => sum + size, 0);
      const isLauncher = (name: string): boolean => name === 'embed.js';
      const sizes = [
        { what: 'page', size: weigh((name) => !isLauncher(name)), max: PAGE_MAX },
        { what: 'launcher', size: weigh(isLauncher), max: LAUNCHER_MAX },
      ];
      for (const { what, size, max } of sizes) {
        this.info(`${what}: ${size} bytes after gzip, of ${max}`);
        if (size > max) this.error(`the ${what} is ${size} bytes after gzip; it may be ${max}`);
      }
    },
  };
}
