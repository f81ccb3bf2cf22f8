// What docfx made of the XML docs: the pages of the API, and links for the names that it leaves to others.
import { existsSync, readdirSync, readFileSync } from 'node:fs'

const source = new URL('../../artifacts/api/', import.meta.url)
const texts = new Map(!existsSync(source) ? [] : readdirSync(source).filter(file => file.endsWith('.md'))
  .map(file => [file.slice(0, -3), readFileSync(new URL(file, source), 'utf8')]))

export const root = '/docs/reference/api/'
export const namespaces = [...texts].filter(([, text]) => /^# .*<\/a> Namespace /.test(text)).map(([name]) => name).sort()

// A type's page, or a member's place on it; null for what is not public. A generic type's `N is -N in the name of its page.
function place(id) {
  const name = id.replace(/\(.*/, '').replace(/`+/g, '-')
  for (const page of [name, name.slice(0, name.lastIndexOf('.'))]) {
    const anchor = id.replace(/\W/g, '_')
    if (texts.get(page)?.includes(`<a id="${anchor}">`))
      return { page, member: name.slice(page.length + 1).replace(/-\d+$/, ''), anchor }
  }
  return null
}

function link(id, from) {
  const found = place(id)
  const last = id.replace(/\(.*/, '').replace(/`.*/, '').split('.').pop()
  if (!found)
    return /^(System|Microsoft)\.[\w.`]+$/.test(id)
      ? `[${last}](https://learn.microsoft.com/dotnet/api/${id.toLowerCase().replace('`', '-')})`
      : `<code>${last}</code>`
  const type = found.page.split('.').pop().replace(/-\d+$/, '')
  const text = !found.member ? type : from.endsWith(`/${found.page}.md`) ? found.member : `${type}.${found.member}`
  return `[${text}](${root}${found.page}.md${found.member ? `#${found.anchor}` : ''})`
}

// A page with the ids of its headings as the site writes them, and its references resolved; everywhere the full name of a type or a
// namespace in code is a link.
export const linked = (text, from) => text
  .replace(/^(#+) <a id="(\w+)"><\/a> (.*)$/gm, '$1 $3 {#$2}')
  .replace(/<xref href="([^"]+)"[^>]*><\/xref>/g, (_, id) => link(decodeURIComponent(id), from))
  .replace(/`(Kalm(?:\.\w+)*)`/g, (code, id) => texts.has(id) ? `[${code}](${root}${id}.md)` : code)
