// Makes the one file of the charting library that the pages carry, and the file of its licences. The same packages give the same
// bytes. Run it with "make page-library".
import { build } from 'esbuild';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const out = process.argv[2];
const folder = name => join('node_modules', name);
const version = name => JSON.parse(readFileSync(join(folder(name), 'package.json'), 'utf8')).version;
const text = (name, file) => readFileSync(join(folder(name), file), 'utf8').trim();

const parts = [
  ['Apache ECharts', 'echarts', ['NOTICE', 'LICENSE', 'licenses/LICENSE-d3']],
  ['ZRender', 'zrender', ['LICENSE']],
  ['tslib', 'tslib', ['CopyrightNotice.txt', 'LICENSE.txt']],
];
const title = parts.map(([title, name]) => `${title} ${version(name)}`).join(', ');

await build({
  entryPoints: ['entry.js'],
  outfile: join(out, 'echarts.js'),
  bundle: true,
  minify: true,
  charset: 'utf8',
  format: 'iife',
  globalName: 'echarts',
  target: ['es2019'],
  legalComments: 'none',
  banner: { js: `/* ${title}: unchanged but for what is left out; licences in echarts.LICENSE.txt */` },
});
const licences = parts.map(([title, name, files]) =>
  [`${title} ${version(name)}`, ...files.map(file => text(name, file))].join('\n\n'));
writeFileSync(join(out, 'echarts.LICENSE.txt'), licences.join(`\n\n${'-'.repeat(80)}\n\n`) + '\n');
