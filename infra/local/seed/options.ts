import process from 'node:process'
import { parseArgs } from 'node:util'
import { z } from 'zod'

const SeedOptions = z.object({
  cities: z
    .array(z.string())
    .length(1, 'may be given only once')
    .transform(([text]) => text)
    .pipe(
      z.string().regex(/^[1-9]\d{0,5}$/, {
        error: ({ input }) => `must be an integer from 1 to 999999, but is ${JSON.stringify(input)}`,
      }),
    )
    .transform(Number)
    .optional(),
})
const DemoOptions = SeedOptions.extend({ verbose: z.boolean().default(false) })

export type SeedOptions = z.output<typeof SeedOptions>
export type DemoOptions = z.output<typeof DemoOptions>

const CITIES = { type: 'string', multiple: true } as const
const VERBOSE = { type: 'boolean' } as const

/** Reads the option of `npm run seed`: `--cities N`, the maximum number of cities. Throws `ZodError` or `TypeError`. */
export const seedOptions = (): SeedOptions =>
  SeedOptions.parse(parseArgs({ args: process.argv.slice(2), options: { cities: CITIES } }).values)

/** Reads the options of `npm run demo`: `--cities N` and `--verbose`. Throws `ZodError` or `TypeError`. */
export const demoOptions = (): DemoOptions =>
  DemoOptions.parse(parseArgs({ args: process.argv.slice(2), options: { cities: CITIES, verbose: VERBOSE } }).values)
