// The site; `docs/build` writes it, and the pages of the API before it.
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { linked, namespaces, root } from './api.mjs'

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
  srcExclude: ['artifacts/!(api)/**', '{deploy,src,tests}/**', '**/node_modules/**', '.*/**'],
  outDir: '../artifacts/site',
  cacheDir: '../artifacts/site-cache',
  rewrites: path => path.replace(/README\.md$/, 'index.md').replace(/^artifacts\/api\//, root.slice(1)),
  metaChunk: true,
  base: process.env.SITE_BASE ?? '/',
  markdown: {
    // A page of another name is linked to under its own, which VitePress would leave so.
    config: md => md.core.ruler.before('normalize', 'links', state => {
      state.src = linked(state.src, state.env.relativePath).replace(/\bREADME\.md(?=[)#])/g, 'index.md')
    }),
  },
  vite: {
    resolve: {
      alias: [
        { find: 'vue/server-renderer', replacement: `${vue}/server-renderer/index.mjs` },
        { find: /^vue$/, replacement: `${vue}/dist/vue.runtime.esm-bundler.js` },
      ],
    },
  },
  themeConfig: {
    nav: [page('Docs', '/docs/'), page('API', '/docs/reference/api'), page('Architecture', '/ARCHITECTURE')],
    sidebar: [{ items: [page('Kalm', '/')] }, ...sidebar, { text: 'API', collapsed: true, items: namespaces.map(name => page(name, root + name)) }],
    outline: [2, 3],
    search: { provider: 'local' },
  },
}
