// What other people's parsers see in files: parse5 in HTML and SVG, lightningcss in CSS, es-module-lexer in scripts.
// Which attributes hold URLs is written down here anew, from the HTML standard's index of attributes and SVG 2.
//
//   node read.mjs < LIST         a line is "MEDIA-TYPE<TAB>PATH"; for each a line of JSON is printed:
//     {"skipped": why | null, "found": [{"at", "length", "url", "of"}], "tokens": the same}
//
// `at` and `length` are bytes of the file, null where an attribute has character references inside; `of` says what was
// found: "img src", "css url", "import". For CSS `found` tells where the token begins ("url(" or the quote), and its
// `length` is null: lightningcss tells no more. `tokens` are all URLs and strings of CSS, by @csstools/css-tokenizer.
import { isUtf8 } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { tokenize } from '@csstools/css-tokenizer'
import { init, parse as parseModule } from 'es-module-lexer'
import { transform, transformStyleAttribute } from 'lightningcss'
import { parse } from 'parse5'

const URL_ATTRIBUTES = new Set([
  'a href', 'area href', 'audio src', 'blockquote cite', 'body background', 'button formaction', 'del cite', 'embed src',
  'feimage href', 'form action', 'frame src', 'iframe src', 'image href', 'image src', 'img longdesc', 'img src', 'input formaction',
  'input src', 'ins cite', 'lineargradient href', 'link href', 'mpath href', 'object data', 'pattern href', 'q cite',
  'radialgradient href', 'script href', 'script src', 'source src', 'table background', 'td background', 'textpath href',
  'th background', 'tr background', 'track src', 'use href', 'video poster', 'video src'
])
const IMAGE_META = new Set(['og:image', 'og:image:url', 'og:image:secure_url', 'og:audio', 'og:video', 'twitter:image',
  'twitter:image:src', 'image', 'thumbnailurl', 'msapplication-tileimage', 'msapplication-config'])
const SPACE = /[ \t\n\f\r]/

// Places in a JavaScript string as places in the UTF-8 file.
class Bytes {
  static latin1 = false // a character is a byte

  constructor (text) {
    this.text = text
    this.same = Bytes.latin1 || !/[^\x00-\x7f]/.test(text)
  }

  at (index) { return this.same ? index : Buffer.byteLength(this.text.slice(0, index)) }
}

// Candidates of a srcset, after the standard's "parse a srcset attribute": [place, URL].
function * srcset (text) {
  let at = 0
  for (;;) {
    while (at < text.length && (SPACE.test(text[at]) || text[at] === ',')) ++at
    if (at >= text.length) return
    const begin = at
    while (at < text.length && !SPACE.test(text[at])) ++at
    const word = text.slice(begin, at)
    const url = word.replace(/,+$/, '')
    yield [begin, url]
    if (word !== url) continue
    for (let depth = 0; at < text.length; ++at) {
      if (text[at] === '(') ++depth
      else if (text[at] === ')' && depth > 0) --depth
      else if (text[at] === ',' && depth === 0) break
    }
  }
}

function behindBlanks (text, at) {
  const blanks = /(?:[ \t\n\r\f]|\/\*.*?\*\/)*/sy
  blanks.lastIndex = at
  blanks.exec(text)
  return blanks.lastIndex
}

// Where a token begins. Lines and columns count from one; lightningcss tells where the blanks before it begin.
function place (text, line, column) {
  let at = 0
  for (let number = 1; number < line; ++number) {
    const found = /\r\n|[\n\r\f]/g
    found.lastIndex = at
    if (found.exec(text) === null) break
    at = found.lastIndex
  }
  return behindBlanks(text, at + column - 1)
}

// Every URL and string of a style sheet by the tokenizer: what stands inside, without quotes and blanks around it.
function tokensOf (text) {
  const found = []
  for (const [kind, whole, from, , more] of tokenize({ css: text })) {
    if (kind === 'string-token') {
      const open = whole.length > 1 && whole.endsWith(whole[0]) && !/[^\\](\\\\)*\\.$/s.test(whole) ? 1 : 0
      found.push({ at: from + 1, length: whole.length - 1 - open, url: more.value, of: 'string' })
    } else if (kind === 'url-token') {
      const inside = /^[^(]*\([ \t\n\f\r]*/.exec(whole)[0].length
      const end = whole.replace(/\)$/, '').search(/(?<![\\])[ \t\n\f\r]*$/)
      found.push({ at: from + inside, length: Math.max(0, end - inside), url: more.value, of: 'url' })
    }
  }
  return found
}

// What of a style sheet a browser would load, and its tokens.
function readCss (text) {
  const found = new Map()
  const add = (at, url, of) => { if (!found.has(at)) found.set(at, { at, length: null, url, of }) }
  const visitor = {
    Url: ({ url, loc }) => { add(place(text, loc.line, loc.column), url, 'css url') }
  }
  const options = { filename: 'a.css', code: Buffer.from(text), errorRecovery: true }
  transform({ ...options, visitor })
  let dependencies = []
  try {
    dependencies = transform({ ...options, analyzeDependencies: true }).dependencies ?? []
  } catch (error) {
    // It refuses relative URLs in custom properties; the visitor has seen those.
    if (!/custom propert/i.test(error.message)) throw error
  }
  for (const { type, url, loc: { start } } of dependencies) {
    // Of url() and image-set() it tells where an unquoted URL would begin, of @import where one blank behind it would end.
    if (type === 'url') add(place(text, start.line, start.column - 4), url, 'css url')
    else add(behindBlanks(text, place(text, start.line, start.column - 8) + '@import'.length), url, 'css import')
  }
  return { found: [...found.values()], tokens: tokensOf(text) }
}

function readHtml (text) {
  const bytes = new Bytes(text)
  const found = []
  const values = text => /url\(|image-set\(/i.test(text)
  const tokens = []
  // `before` is put in front of declarations to make a style sheet of them.
  const css = (style, offset, of, before) => {
    const inner = new Bytes(before + style)
    const at = place => offset === null ? null : bytes.at(offset) + inner.at(place) - before.length
    const seen = readCss(before + style)
    for (const one of seen.found) found.push({ ...one, at: at(one.at), of })
    for (const one of seen.tokens) tokens.push({ ...one, at: at(one.at), length: inner.at(one.at + one.length) - inner.at(one.at) })
  }
  const attributesOf = node => {
    const given = {}
    for (const { name, value, prefix } of node.attrs ?? []) {
      if (prefix === 'xlink' && given[name] !== undefined) continue
      given[name.toLowerCase()] = value
    }
    return given
  }
  const see = node => {
    const tag = node.tagName?.toLowerCase()
    if (tag !== undefined && node.sourceCodeLocation?.attrs) {
      const given = attributesOf(node)
      for (const attribute of node.attrs) {
        const whole = attribute.prefix ? `${attribute.prefix}:${attribute.name}` : attribute.name
        const location = node.sourceCodeLocation.attrs[whole.toLowerCase()] ?? node.sourceCodeLocation.attrs[whole]
        if (location === undefined) continue
        const name = attribute.name.toLowerCase() // without "xlink:" in SVG, with it elsewhere
        seeAttribute(tag, name, attribute.value, given, location)
      }
    }
    if (node.nodeName === '#comment') {
      const [whole, url] = /^\?xml-stylesheet\s.*?\bhref\s*=\s*["']([^"']*)/s.exec(node.data) ?? []
      const at = node.sourceCodeLocation.startOffset + 1 + (whole?.length ?? 0)
      if (url) found.push({ at: bytes.at(at - url.length), length: bytes.at(at) - bytes.at(at - url.length), url, of: 'xml-stylesheet' })
    }
    if (tag === 'style') {
      for (const child of node.childNodes) {
        if (child.nodeName === '#text' && child.sourceCodeLocation) css(text.slice(child.sourceCodeLocation.startOffset, child.sourceCodeLocation.endOffset), child.sourceCodeLocation.startOffset, 'style element', '')
      }
    }
    for (const child of [...(node.childNodes ?? []), ...(node.content?.childNodes ?? [])]) see(child)
  }
  const seeAttribute = (tag, name, value, given, location) => {
    // Where the name begins is all one can trust: parse5 7.3 ends an attribute at its name when no blank follows the value.
    const written = /[^ \t\n\f\r/>=]*[ \t\n\f\r]*=[ \t\n\f\r]*(?:"([^"]*)"|'([^']*)'|([^ \t\n\f\r>]*))/y
    written.lastIndex = location.startOffset
    const [whole, double, single, bare] = written.exec(text) ?? []
    if (whole === undefined) return
    const end = location.startOffset + whole.length - (bare === undefined ? 1 : 0)
    const begin = end - (double ?? single ?? bare).length
    const verbatim = text.slice(begin, end) === value
    const add = (at, url, of) => found.push(verbatim
      ? { at: bytes.at(begin + at), length: bytes.at(begin + at + url.length) - bytes.at(begin + at), url, of }
      : { at: bytes.at(begin), length: bytes.at(end) - bytes.at(begin), url, of })
    if (name === 'srcset' || name === 'imagesrcset') {
      for (const [at, url] of srcset(value)) add(at, url, `${tag} ${name}`)
    } else if (name === 'style' || (name !== 'content' && name !== 'srcdoc' && !/^(on|data-)/.test(name) && values(value))) {
      css(value, verbatim ? begin : null, `${name} attribute`, name === 'style' ? 'a{' : `a{${name}:`)
    } else if (URL_ATTRIBUTES.has(`${tag} ${name}`) ||
        (tag === 'meta' && name === 'content' && ['property', 'name', 'itemprop'].some(of => (given[of] ?? '').toLowerCase().split(/\s+/).some(word => IMAGE_META.has(word))))) {
      const from = value.search(/[^ \t\n\f\r]/)
      const of = tag === 'link' ? `link ${(given.rel ?? '').toLowerCase()}` : `${tag} ${name}`
      if (from >= 0) add(from, value.replace(/^[ \t\n\f\r]+|[ \t\n\f\r]+$/g, ''), of)
    }
  }
  see(parse(text, { sourceCodeLocationInfo: true, scriptingEnabled: false }))
  return { found, tokens }
}

function readStyle (text) {
  const bytes = new Bytes(text)
  const { found, tokens } = readCss(text)
  return {
    found: found.map(one => ({ ...one, at: bytes.at(one.at) })),
    tokens: tokens.map(one => ({ ...one, at: bytes.at(one.at), length: bytes.at(one.at + one.length) - bytes.at(one.at) }))
  }
}

function readScript (text) {
  const bytes = new Bytes(text)
  const [imports] = parseModule(text)
  return { tokens: [], found: imports.filter(({ n }) => n !== undefined).map(({ n, s, e, d }) =>
    ({ at: bytes.at(s), length: bytes.at(e) - bytes.at(s), url: n, of: d >= 0 ? 'dynamic import' : 'import' })) }
}

await init
for await (const line of createInterface({ input: process.stdin })) {
  const [type, path] = line.split('\t')
  const answer = { skipped: null, found: [], tokens: [] }
  try {
    const raw = readFileSync(path)
    Bytes.latin1 = !isUtf8(raw)
    const text = Bytes.latin1 ? raw.toString('latin1') : raw.toString('utf8')
    const read = { 'text/html': readHtml, 'image/svg+xml': readHtml, 'text/css': readStyle }[type] ?? readScript
    Object.assign(answer, read(text))
  } catch (error) {
    answer.skipped = String(error.message ?? error).split('\n')[0]
  }
  console.log(JSON.stringify(answer))
}
