// The site: `npx --yes vitepress@1.6.4 build docs` in the repository's root writes it to artifacts/site, and fails on a dead link.
import { readFileSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'

const page = (text, link) => ({ text, link })

// The side bar is the map of the docs: a heading in bold, then the links of its list.
const sidebar = readFileSync(new URL('../README.md', import.meta.url), 'utf8').split(/^\*\*/m).slice(1).map(part => ({
  text: part.slice(0, part.indexOf('**')),
  items: [...part.matchAll(/\[([^\]]+)\]\(([^)]+)\.md\)/g)].map(([, text, link]) => page(text, `/docs/${link}`)),
}))

// Where the tool is installed, which is nowhere above the pages.
const vue = dirname(createRequire(realpathSync(process.argv[1])).resolve('vue/package.json'))

export default {
  title: 'Kalm',
  description: 'Aligns a causal language model with a knowledge graph',
  // The README and what it links to are pages too.
  srcDir: '..',
  srcExclude: ['{artifacts,deploy,src,tests}/**', '**/node_modules/**', '.*/**'],
  outDir: '../artifacts/site',
  cacheDir: '../artifacts/site-cache',
  rewrites: { ':path(.*)README.md': ':path(.*)index.md' },
  base: process.env.SITE_BASE ?? '/',
  vite: {
    resolve: {
      alias: [
        { find: 'vue/server-renderer', replacement: `${vue}/server-renderer/index.mjs` },
        { find: /^vue$/, replacement: `${vue}/dist/vue.runtime.esm-bundler.js` },
      ],
    },
  },
  themeConfig: {
    nav: [page('Docs', '/docs/'), page('Architecture', '/ARCHITECTURE')],
    sidebar: [{ items: [page('Kalm', '/')] }, ...sidebar],
    outline: [2, 3],
    search: { provider: 'local' },
  },
}
