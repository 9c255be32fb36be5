import * as z from 'zod'
import { type CommandOption, readOptions } from '../command-options.ts'

const SeedOptions = z.object({
  cities: z
    .array(z.string())
    .length(1, 'may be given only once')
    .transform(([value]) => value)
    .pipe(
      z.string().regex(/^[1-9]\d{0,5}$/, {
        error: ({ input }) => `must be an integer from 1 to 999999, but is ${JSON.stringify(input)}`,
      }),
    )
    .transform(Number)
    .optional(),
})
const DemoOptions = SeedOptions.extend({ verbose: z.boolean().default(false) })

type SeedOptions = z.output<typeof SeedOptions>
export type DemoOptions = z.output<typeof DemoOptions>

const CITIES: CommandOption = {
  type: 'string',
  multiple: true,
  usage: '--cities N (writes at most N cities; by default all 21,000)',
}
const VERBOSE: CommandOption = { type: 'boolean', usage: '--verbose (also prints the peak memory of each process)' }

/** Reads the option of `npm run seed`. Throws `ZodError` if `--cities` is invalid, and `Error` for other arguments. */
export const seedOptions = (): SeedOptions => SeedOptions.parse(readOptions({ cities: CITIES }))

/** Reads the options of `npm run demo`. Throws `ZodError` if `--cities` is invalid, and `Error` for other arguments. */
export const demoOptions = (): DemoOptions => DemoOptions.parse(readOptions({ cities: CITIES, verbose: VERBOSE }))
