import { parseArgs } from 'node:util'
import * as z from 'zod'
import { DATA_SETS, defaultDataSets, type Mode } from './content/data-sets.ts'
import { DEFAULT_SIZES, MEMORY_SIZES } from './memory/sizes.ts'

const PARTS = ['store', 'codec', 'cold-start', 'memory', 'small-segments'] as const
type Part = (typeof PARTS)[number]

/** What the command line of `npm run bench` selects. */
export interface BenchOptions {
  readonly parts: readonly Part[]
  readonly mode: Mode
  readonly rounds: number
  readonly dataSets: readonly string[]
  readonly withPeers: boolean
  readonly check: boolean
  readonly writeReference: boolean
  /** The sizes that `memory` measures. */
  readonly sizes: readonly string[]
  /** The file for the results of `store` or `memory`, which have different files by default. */
  readonly output: string | undefined
}

/** With these rounds, a quick run takes about two minutes on two cores. */
const ROUNDS = { quick: 1, full: 5 }

/**
 * Parses the arguments of `npm run bench`. Throws an `Error` for an unknown argument, and a `ZodError` for an invalid
 * value.
 */
export const parseOptions = (args: readonly string[]): BenchOptions => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      'data-sets': { type: 'string' },
      'without-peers': { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      'write-reference': { type: 'boolean', default: false },
      sizes: { type: 'string' },
      output: { type: 'string' },
    },
  })
  const mode = values.quick ? 'quick' : 'full'
  const available = DATA_SETS.filter(({ quick }) => mode === 'full' || quick !== undefined).map(({ name }) => name)
  const parsed = z
    .object({
      parts: z.array(z.enum(PARTS)),
      '--rounds': z.coerce.number().int().min(1).max(100).default(ROUNDS[mode]),
      '--data-sets': z.array(z.enum(available)),
      '--sizes': z.array(z.enum(Object.keys(MEMORY_SIZES))),
    })
    .parse({
      parts: positionals.length === 0 ? ['store'] : positionals,
      '--rounds': values.rounds,
      '--data-sets': values['data-sets']?.split(',') ?? defaultDataSets(mode).map(({ name }) => name),
      '--sizes': values.sizes?.split(',') ?? DEFAULT_SIZES,
    })
  return {
    parts: parsed.parts,
    mode,
    rounds: parsed['--rounds'],
    dataSets: parsed['--data-sets'],
    withPeers: !values['without-peers'],
    check: values.check,
    writeReference: values['write-reference'],
    sizes: parsed['--sizes'],
    output: values.output,
  }
}
