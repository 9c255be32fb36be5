import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../../../../functions/cli/commands.ts'
import { SECTIONS } from '../../../../infra/local/transcript/sections.ts'

const TRANSCRIPT = new URL('../../../../functions/cli/TRANSCRIPT.md', import.meta.url)

describe('the transcript of the command', () => {
  const shellLines = SECTIONS.flatMap(({ lines }) => lines.map(({ shell }) => shell))

  it.each(COMMANDS.map(({ name }) => name))('contains the command %s', (name) => {
    // The name must not be the beginning of another name: `cat` is that of `catalogue`.
    const pattern = new RegExp(`specstar-backup ${name}(?![\\w-])`)
    expect(shellLines.filter((line) => pattern.test(line))).not.toEqual([])
  })

  it('is recorded with exactly these lines', async () => {
    const document = await readFile(TRANSCRIPT, 'utf8')
    const recorded = [...document.matchAll(/^\$ (.*)$/gm)].map(([, line]) => line)
    expect(recorded).toEqual(
      shellLines.map((line) => expect.stringMatching(new RegExp(`^${patternOf(line)}$`)) as string),
    )
  })
})

/** Variables are printed with their values, which are ids of jobs. */
const patternOf = (line: string): string =>
  line
    .split(/\$[A-Z]+/)
    .map((text) => RegExp.escape(text))
    .join('k-[0-9a-f]{40}')
