import '../../functions/cli/check-node.ts'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { startVitest } from 'vitest/node'
import * as z from 'zod'
import { errorMessage } from '../../shared/values/error-message.ts'
import { tableText } from '../bench/figures.ts'
import './seeded.ts'

const USAGE = `Usage: npm run test:faults -- [--minutes 20] [--seed N]

Runs rounds of tests with injected faults, damaged archives, killed processes, random histories and invalid requests.
Every round has a different seed. A new round starts only if at least half of it fits into the remaining minutes;
the first round always runs.

Environment variables for the size of a round:
  FAULT_STRIDE   one of this number of calls fails
  FAULT_PAIRS    runs per scenario in which two calls fail
  FLIPS          changes per family of archives
  CHECK_DISTANCE distance between the changed bytes of a checked archive
  KILLS          kills of the program
  HISTORIES      random histories
  STORES         random stores, archives and streams with damage
  FUZZ_REQUESTS  invalid requests`

/** With a stride of 3, every call fails once in three consecutive rounds. */
const ROUND = {
  FAULT_STRIDE: 3,
  FAULT_PAIRS: 4,
  FLIPS: 36,
  CHECK_DISTANCE: 31,
  KILLS: 4,
  HISTORIES: 15,
  STORES: 15,
  FUZZ_REQUESTS: 1_500,
}

const Options = z.object({
  minutes: z
    .string()
    .regex(/^\d+(\.\d+)?$/, 'must be a number of minutes')
    .default('20')
    .transform(Number),
  seed: z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number with at most 9 digits')
    .default(() => `${Math.floor(Math.random() * 1e9)}`)
    .transform(Number),
})

const options = () => {
  try {
    const { values } = parseArgs({ options: { minutes: { type: 'string' }, seed: { type: 'string' } } })
    return Options.parse(values)
  } catch (error) {
    console.error(error instanceof z.ZodError ? z.prettifyError(error) : errorMessage(error))
    console.error(USAGE)
    process.exit(2)
  }
}

interface Round {
  readonly passed: number
  readonly failed: number
  readonly tallies: readonly Readonly<Record<string, number>>[]
}

const run = async (seed: number): Promise<Round> => {
  const sizes = Object.entries(ROUND).map(([name, size]) => [name, process.env[name] ?? `${size}`] as const)
  const vitest = await startVitest([], {
    project: ['faults'],
    maxWorkers: 2,
    watch: false,
    env: { ...Object.fromEntries(sizes), FAULT_SEED: `${seed}` },
  })
  const modules = vitest.state.getTestModules()
  const tests = modules.flatMap((module) => [...module.children.allTests()])
  const unhandled = vitest.state.getUnhandledErrors().length
  await vitest.close()
  const passed = tests.filter((test) => test.result().state === 'passed').length
  // A test that was skipped because its setup failed has not passed. Neither has a round without tests.
  const failed = tests.length - passed + modules.filter((module) => module.state() !== 'passed').length + unhandled
  return {
    passed,
    failed: passed === 0 ? Math.max(1, failed) : failed,
    tallies: tests.map((test) => test.meta().tally ?? {}),
  }
}

const { minutes, seed } = options()
const started = performance.now()
const elapsed = (): number => (performance.now() - started) / 60_000
const sums = new Map<string, number>()
const add = (what: string, count: number): void => void sums.set(what, (sums.get(what) ?? 0) + count)
let rounds = 0
let longest = 0
do {
  const begun = elapsed()
  console.log(
    `round ${rounds + 1}, seed ${seed + rounds}; to repeat it: npm run test:faults -- --minutes 0 --seed ${seed + rounds}`,
  )
  const { passed, failed, tallies } = await run(seed + rounds)
  for (const tally of tallies) for (const [what, count] of Object.entries(tally)) add(what, count)
  add('tests passed', passed)
  add('tests failed', failed)
  rounds += 1
  longest = Math.max(longest, elapsed() - begun)
} while (sums.get('tests failed') === 0 && elapsed() + longest / 2 <= minutes)

console.log(
  tableText(
    ['what', 'count'],
    [...sums].map(([what, count]) => [what, count.toLocaleString('en')]),
  ),
)
const ended = sums.get('tests failed') === 0 ? 'all tests passed' : 'a round failed'
console.log(`${rounds} rounds from seed ${seed} in ${elapsed().toFixed(1)} minutes: ${ended}`)
process.exitCode = sums.get('tests failed') === 0 ? 0 : 1
