import { describe, expect, it } from 'vitest'
import { ZodError } from 'zod'
import { DATA_SETS } from './content/data-sets.ts'
import { DEFAULT_SIZES } from './memory/sizes.ts'
import { parseOptions } from './options.ts'

describe('the options of the benchmark', () => {
  it('select all data sets except those that take an hour, with five rounds, by default', () => {
    expect(parseOptions([])).toMatchObject({
      parts: ['store'],
      mode: 'full',
      rounds: 5,
      dataSets: DATA_SETS.filter(({ onlyIfNamed }) => onlyIfNamed !== true).map(({ name }) => name),
      withPeers: true,
      check: false,
      sizes: DEFAULT_SIZES,
      output: undefined,
    })
  })

  it('select only data sets with a quick size in a quick run', () => {
    const { mode, dataSets } = parseOptions(['--quick'])
    expect(mode).toBe('quick')
    expect(dataSets).toEqual(['items-1kb', 'items-10kb', 'items-300kb', 'histories', 'blobs-100kb', 'blobs-256mb'])
  })

  it('select a data set that takes an hour if it is named', () => {
    expect(parseOptions(['--data-sets', 'items-1kb-x64']).dataSets).toEqual(['items-1kb-x64'])
  })

  it('select parts, data sets and rounds', () => {
    const args = ['store', 'codec', '--rounds', '2', '--data-sets', 'items-1kb,histories', '--without-peers']
    expect(parseOptions(args)).toMatchObject({
      parts: ['store', 'codec'],
      rounds: 2,
      dataSets: ['items-1kb', 'histories'],
      withPeers: false,
    })
  })

  it('select sizes of the memory benchmark', () => {
    const args = ['memory', '--sizes', '100mb,10gb', '--output', 'memory.json']
    expect(parseOptions(args)).toMatchObject({ parts: ['memory'], sizes: ['100mb', '10gb'], output: 'memory.json' })
  })

  it.each([
    [['unknown']],
    [['--rounds', '0']],
    [['--data-sets', 'items-1kb,unknown']],
    [['--quick', '--data-sets', 'items-1kb-x4']],
    [['memory', '--sizes', '2gb']],
  ])('reject invalid values: %j', (args) => {
    expect(() => parseOptions(args)).toThrow(ZodError)
  })

  it('reject unknown options', () => {
    expect(() => parseOptions(['--unknown'])).toThrow('--unknown')
  })
})
