import { glob, readFile } from 'node:fs/promises'
import { dirname, join, matchesGlob, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'

const ROOT = join(import.meta.dirname, '..')

/** The documents of the repository, relative to its root. */
const documents = await Array.fromAsync(glob('{*,{functions,infra,shared,test}/**/*}.md', { cwd: ROOT }))

/** The text of a document without its code blocks. */
const textOf = async (document: string): Promise<string> =>
  (await readFile(join(ROOT, document), 'utf8')).replaceAll(/^ *```.*?^ *```/gms, '')

/** The targets of the links to files and headings of the repository. */
const linksIn = (text: string): string[] =>
  [...text.matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(([, target = '']) => target)

/** The anchors of the headings, as GitHub derives them. */
const anchorsIn = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  )

const { files } = z
  .object({ files: z.array(z.string()) })
  .parse(JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')))

/** Returns true if `npm pack` includes the file. It always includes the licence. */
const isPacked = (file: string): boolean => file === 'LICENSE' || files.some((pattern) => matchesGlob(file, pattern))

describe.each(documents)('the links of %s', (document) => {
  it('lead to existing headings, and to files that the package contains', async () => {
    const broken: string[] = []
    for (const link of linksIn(await textOf(document))) {
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? document : normalize(join(dirname(document), path))
      if (!isPacked(target)) broken.push(`${link}: not in the package`)
      const text = await textOf(target).catch(() => undefined)
      if (text === undefined) broken.push(`${link}: no such file`)
      else if (anchor !== undefined && !anchorsIn(text).includes(anchor)) broken.push(`${link}: no such heading`)
    }
    expect(broken).toEqual([])
  })
})
