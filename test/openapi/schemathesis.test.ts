import process from 'node:process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { OPERATIONS } from '../../functions/openapi/operations.ts'
import { pythonWithSchemathesis } from '../python/packages.ts'
import { fixture, TestProgram } from '../workflows/program.ts'
import { fuzz, type FuzzerRun } from './schemathesis.ts'

/** The seed of the random requests. A failed run prints it. */
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
/** The number of random requests of each operation in each phase. */
const EXAMPLES = process.env['EXAMPLES'] ?? '25'
const MINUTE_MS = 60_000

const Started = z.looseObject({ job_id: z.string() })
const Failed = z.looseObject({ instance: z.string() })

let python: string
let program: TestProgram
/** Jobs of each kind, with and without a result. */
const jobs: Record<string, string> = {}

beforeAll(async () => {
  python = await pythonWithSchemathesis()
  program = await TestProgram.start({
    env: { SCHEDULES: JSON.stringify([{ name: 'nightly', cron: '0 3 * * ? *', keep_days: 30 }]) },
  })
  const start = async (method: string, path: string, body?: Buffer | object): Promise<string> =>
    Started.parse((await program.requestAndWait(method, path, body)).body).job_id
  jobs['restore'] = await start('POST', '/_backup/import', await fixture('catalogue-v3.acbak'))
  jobs['model restore'] = await start('POST', '/guild/import?on_duplicate=skip', await fixture('catalogue-v3.acbak'))
  jobs['dry run'] = await start('POST', '/_backup/import?dry_run=true', await fixture('catalogue-v3.acbak'))
  jobs['export'] = await start('GET', '/_backup/export')
  jobs['check'] = await start('POST', '/_backup/check', { from: { job_id: jobs['export'] } })
  jobs['scheduled export'] = await start('POST', '/_backup/schedules/nightly/run')
  jobs['upload slot'] = Started.parse((await program.request('POST', '/_backup/import')).body).job_id
  const cut = (await fixture('catalogue-v3.acbak')).subarray(0, 20_000)
  const { instance } = Failed.parse((await program.requestAndWait('POST', '/_backup/import', cut)).body)
  jobs['failed restore'] = instance.slice(instance.lastIndexOf('/') + 1)
}, 10 * MINUTE_MS)
afterAll(() => program.stop())

const findsNothing = async (run: Omit<FuzzerRun, 'url'>): Promise<{ cases: number; operations: number }> => {
  const options = ['--seed', `${SEED}`, ...(run.options ?? [])]
  const { exitCode, output, ...figures } = await fuzz(python, { ...run, url: program.url, options })
  expect(exitCode, `seed ${SEED}\n${output}`).toBe(0)
  expect(figures.cases, output).toBeGreaterThan(0)
  console.log(`${figures.operations} operations, ${figures.cases} requests`)
  return figures
}

describe('the fuzzer Schemathesis', () => {
  it(
    'finds no response to random requests that the document does not allow',
    async () => {
      const { operations } = await findsNothing({
        parameters: { 'query.wait': 0 },
        options: ['--max-examples', EXAMPLES],
      })
      // Schemathesis does not test the route from which it has loaded the document.
      expect(operations).toBe(Object.keys(OPERATIONS).length - 1)
    },
    30 * MINUTE_MS,
  )

  it(
    'finds no response about existing models and schedules that the document does not allow',
    async () => {
      await findsNothing({
        parameters: { 'path.model': 'guild', 'path.name': 'nightly', 'query.wait': 5 },
        options: ['--include-path-regex', 'model|schedules', '--max-examples', '10', '--mode', 'positive'],
      })
    },
    15 * MINUTE_MS,
  )

  it.each([
    'restore',
    'model restore',
    'dry run',
    'export',
    'check',
    'scheduled export',
    'upload slot',
    'failed restore',
  ])(
    'finds no response about an existing job that the document does not allow: %s',
    async (kind) => {
      await findsNothing({
        parameters: { 'path.job_id': jobs[kind] ?? '' },
        options: ['--include-path-regex', 'job_id', '--max-examples', '3', '--mode', 'positive'],
      })
    },
    5 * MINUTE_MS,
  )
})
