import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../../../../functions/cli/commands.ts'
import { SECTIONS } from '../../../../infra/local/transcript/sections.ts'

const TRANSCRIPT = new URL('../../../../functions/cli/TRANSCRIPT.md', import.meta.url)

describe('the transcript of the command', () => {
  const shellLines = SECTIONS.flatMap(({ lines }) => lines.map(({ shell }) => shell))

  it.each(COMMANDS.map(({ name }) => name))('contains the command %s', (name) => {
    expect(shellLines.filter((line) => line.includes(`specstar-backup ${name}`))).not.toEqual([])
  })

  it('is recorded with all of its lines', async () => {
    const document = await readFile(TRANSCRIPT, 'utf8')
    for (const line of shellLines) {
      // Variables are printed with their values.
      const [start = ''] = line.split('$')
      expect(document).toContain(`$ ${start}`)
    }
  })
})
