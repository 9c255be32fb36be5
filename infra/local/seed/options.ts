import { type Command, InvalidArgumentError } from 'commander'
import * as z from 'zod'
import { localCommand } from '../local-command.ts'

const SeedOptions = z.object({ cities: z.number().optional() })
/** With the default, the demo takes less than 30 seconds. */
const DemoOptions = z.object({ cities: z.number().default(500), verbose: z.boolean().default(false) })

type SeedOptions = z.output<typeof SeedOptions>
export type DemoOptions = z.output<typeof DemoOptions>

/** Parses the value of `--cities`. `earlier` is the value if the option was given before. */
const parseCities = (text: string, earlier: number | undefined): number => {
  if (earlier !== undefined) throw new InvalidArgumentError('It may be given only once.')
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It must be an integer from 1 to 999999.')
  return Number(text)
}

const withCities = (command: Command, byDefault: string): Command =>
  command.option('--cities <number>', `write at most this number of cities (default: ${byDefault})`, parseCities)

/** Reads the options of `npm run seed`. Ends the process after `--help`, and if an option is invalid. */
export const seedOptions = (): SeedOptions =>
  SeedOptions.parse(
    withCities(
      localCommand('seed', {
        description: 'Writes sample data (countries and cities) to the store of the running local program.',
        examples: ['npm run seed', 'npm run seed -- --cities 100'],
      }),
      'all 21,000',
    )
      .parse()
      .opts(),
  )

/** Reads the options of `npm run demo`. Ends the process after `--help`, and if an option is invalid. */
export const demoOptions = (): DemoOptions =>
  DemoOptions.parse(
    withCities(
      localCommand('demo', {
        description:
          'Exports sample data, deletes it, restores it from the archive and proves the restore. ' +
          'Uses free ports and a temporary folder.',
        examples: ['npm run demo', 'npm run demo -- --cities 21000 --verbose'],
      }),
      '500',
    )
      .option('--verbose', 'also print the peak memory of each process')
      .parse()
      .opts(),
  )
