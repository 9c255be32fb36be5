import { buildSync, type Metafile } from 'esbuild'
import { readFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BuiltPage } from './built-page.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SOURCE = fileURLToPath(new URL('source', import.meta.url))

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/**
 * Builds the page from `source/`. The names of its files contain a hash of their content, so browsers may keep them.
 * Returns also the source files of which the page consists.
 */
export const buildPage = (): { readonly page: BuiltPage; readonly inputs: Metafile['inputs'] } => {
  const { outputFiles, metafile } = buildSync({
    entryPoints: [join(SOURCE, 'main.tsx'), join(SOURCE, 'style/style.css'), join(SOURCE, 'icon.svg')],
    outdir: join(ROOT, '.page'),
    entryNames: '[name]-[hash]',
    write: false,
    metafile: true,
    absWorkingDir: ROOT,
    preserveSymlinks: true,
    bundle: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    loader: { '.svg': 'copy' },
    minify: true,
    logLevel: 'warning',
  })
  const files = Object.fromEntries(
    outputFiles.map(({ path, text }) => [basename(path), { type: typeOf(path), body: text }]),
  )
  const template = readFileSync(join(SOURCE, 'index.html'), 'utf8')
  const html = template.replaceAll(/\{\{(\w+)(\.\w+)\}\}/g, (_, name: string, extension: string) =>
    nameIn(files, name, extension),
  )
  return { page: { html, files }, inputs: metafile.inputs }
}

const typeOf = (path: string): string => {
  const type = TYPES[extname(path)]
  if (type === undefined) throw new Error(`the page contains ${basename(path)}, but TYPES has no type for such files`)
  return type
}

/** Returns the name with hash of a file that `index.html` mentions as `{{name.extension}}`. */
const nameIn = (files: BuiltPage['files'], name: string, extension: string): string => {
  const found = Object.keys(files).find((file) => file.startsWith(`${name}-`) && file.endsWith(extension))
  if (found === undefined) throw new Error(`index.html mentions ${name}${extension}, but the page has no such file`)
  return found
}
