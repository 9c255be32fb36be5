import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const Package = z.object({ name: z.string(), version: z.string(), license: z.string() })

/**
 * Returns the names, versions and licences of the packages to which the files belong, as one text. The paths of the
 * files are relative to the project. Files outside of `node_modules` are ignored.
 */
export const thirdPartyLicences = (files: readonly string[]): string => {
  const folders = new Set(files.flatMap((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []))
  // Many packages have the same licence text.
  const names = new Map<string, Set<string>>()
  for (const folder of [...folders].sort()) {
    const { name, text } = licenceOf(join(ROOT, folder))
    names.set(text, (names.get(text) ?? new Set()).add(name))
  }
  const sections = [...names].map(([text, packages]) => `${[...packages].join('\n')}\n\n${text}`)
  return ['The other files in this folder contain code of these packages.', ...sections].join(
    `\n\n${'-'.repeat(80)}\n\n`,
  )
}

/** Returns the name, version and licence of a package and, if the package contains it, the text of the licence. */
const licenceOf = (folder: string): { readonly name: string; readonly text: string } => {
  const { name, version, license } = Package.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')))
  const texts = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|notice|copying)/i.test(file))
    .map((file) => readFileSync(join(folder, file), 'utf8').trim())
  return { name: `${name} ${version} (${license})`, text: texts.join('\n\n') }
}
