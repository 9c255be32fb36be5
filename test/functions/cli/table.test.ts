import { describe, expect, it } from 'vitest'
import { Output } from '../../../functions/cli/terminal/output.ts'
import { forTerminal } from '../../../functions/cli/terminal/printable.ts'
import { table } from '../../../functions/cli/terminal/table.ts'
import { PassThrough } from 'node:stream'

const coloured = new Output(
  { stdout: new PassThrough(), stderr: new PassThrough(), env: { FORCE_COLOR: '1' } },
  { json: false },
)

describe('a table', () => {
  it('contains only its own formats, whichever cells have formats', () => {
    const columns = ['first', 'second', 'third'].map((head, index) => ({
      head,
      cell: (styled: number) => (index === styled ? coloured.style('green', 'good') : 'plain'),
    }))
    const text = forTerminal(table(coloured, columns, [0, 1, 2], 'empty'))
    expect(text.split('\n').slice(1)).toEqual([
      '\u001b[32mgood\u001b[39m   plain   plain',
      'plain  \u001b[32mgood\u001b[39m    plain',
      'plain  plain   \u001b[32mgood\u001b[39m',
    ])
  })

  it('escapes the formats of values', () => {
    const columns = [{ head: 'name', cell: (name: string) => name }]
    expect(forTerminal(table(coloured, columns, ['\u001b[31mred'], 'empty'))).toContain('\\u{1b}[31mred')
  })
})
