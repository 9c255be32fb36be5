import { existsSync, readFileSync } from 'node:fs'
import type { buildPage } from './build-page.ts'
import { BUILT_PAGE_FILE, BuiltPage } from './built-page.ts'

const BUILT_PAGE = new URL(BUILT_PAGE_FILE, import.meta.url)
/** A variable, so that bundles contain neither this file nor esbuild. */
const BUILDER = new URL('build-page.ts', import.meta.url).href

interface Builder {
  readonly buildPage: typeof buildPage
}

let page: Promise<BuiltPage> | undefined

/**
 * Returns the page. In a bundle, reads the file next to the bundle. If the functions run from their source files, as in
 * the local program, builds the page in the first call.
 */
export const readPage = (): Promise<BuiltPage> => (page ??= loadPage())

const loadPage = async (): Promise<BuiltPage> => {
  if (existsSync(BUILT_PAGE)) return BuiltPage.parse(JSON.parse(readFileSync(BUILT_PAGE, 'utf8')))
  const builder = (await import(/* @vite-ignore */ BUILDER)) as Builder
  return builder.buildPage().page
}
