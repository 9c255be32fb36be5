import { readFile, stat } from 'node:fs/promises'
import { XMLParser } from 'fast-xml-parser'
import { describe, expect, it } from 'vitest'
import { terminalSvg } from '../../../../infra/local/demo/terminal-svg.ts'

const parse = (svg: string): unknown => new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '' }).parse(svg)

describe('terminalSvg', () => {
  const svg = terminalSvg('A <demo>', [
    { text: '$ npm run demo', seconds: 0 },
    { text: '', seconds: 1 },
    { text: 'Step 1 of 8: a & b', seconds: 1 },
    { text: '  ✓ passed', seconds: 4 },
  ])

  it('contains one text element for each line that is not empty', () => {
    expect(parse(svg)).toMatchObject({
      svg: {
        title: 'A <demo>',
        g: { g: { text: [{ class: 'prompt' }, { class: 'heading' }, { class: 'passed', y: '67' }] } },
      },
    })
  })

  it('keeps the spaces of a line', () => {
    expect(svg).toContain('>\u00a0\u00a0✓\u00a0passed</text>')
  })

  it('scrolls once for all lines that appear at the same time, and pauses at the end', () => {
    expect(svg).toContain('animation: scroll 10.0s step-end infinite')
    expect(
      [...svg.matchAll(/^([\d.]+)% \{ transform: translateY\((-?\d+)px\) \}$/gm)].map(([, at, y]) => [at, y]),
    ).toEqual([
      ['0.00', '574'],
      ['10.00', '538'],
      ['40.00', '520'],
    ])
  })
})

describe('the committed recording', () => {
  const file = new URL('../../../../infra/local/demo/demo.svg', import.meta.url)

  it('is smaller than 100 kB', async () => {
    expect((await stat(file)).size).toBeLessThan(100_000)
  })

  it('shows a demo that passed and loads nothing', async () => {
    const svg = await readFile(file, 'utf8')
    expect(parse(svg)).toHaveProperty('svg.g.g.text')
    expect(svg).toContain('All\u00a0checks\u00a0passed')
    expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|<script|href|@import/)
  })
})
