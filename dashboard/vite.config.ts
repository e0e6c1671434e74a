import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Where the API answers while one works on the dashboard: `npm run dev -w dashboard`. */
const API = 'http://127.0.0.1:8377';

export default defineConfig({
  plugins: [react(), compressed()],
  server: { host: '127.0.0.1', proxy: { '/api': API } },
  build: {
    // Browsers of the last two years; older ones would need more script than they are worth.
    target: ['chrome120', 'firefox121', 'safari17.2'],
    manifest: 'manifest.json',
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 700,
  },
});

/** Lays a gzip'd and a brotli'd copy beside each text file, so that the service compresses nothing while it serves. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    // From the files as they are written: until then other plugins go on changing them.
    async writeBundle({ dir = '.' }, bundle) {
      const [zip, brotli] = [promisify(gzip), promisify(brotliCompress)];
      const texts = Object.keys(bundle).filter((name) => /^assets\/.*\.(js|css|svg)$/.test(name));
      await Promise.all(
        texts.map(async (name) => {
          const file = join(dir, name);
          const bytes = await readFile(file);
          const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
          await writeFile(`${file}.gz`, await zip(bytes, { level: 9 }));
          await writeFile(`${file}.br`, await brotli(bytes, quality));
        }),
      );
    },
  };
}
