import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SEED, tally } from '../faults/seeded.ts'
import { numbersOf } from '../large/noise.ts'
import { CrashRecovery, type Kill, killAllProcesses, killProgram, type Moment } from './crash-recovery.ts'

/**
 * `npm test` kills once in a phase of each kind and once at a random moment; `npm run test:faults` in every phase and
 * more often.
 */
const KILLS = Number(process.env['KILLS'] ?? 1)
const EVERY_PHASE = KILLS > 1
/** A job on this catalogue takes one or two seconds, so some random moments are after its end. */
const LATEST_MS = 2_000

const OTHER_EXPORT_PHASES: readonly [string, Kill][] = [
  ['export-records', killAllProcesses],
  ['export-blobs', killProgram],
]
const OTHER_RESTORE_PHASES: readonly [string, Kill][] = [
  ['preflight', killAllProcesses],
  ['apply-blobs', killAllProcesses],
  ['verify', killAllProcesses],
]

let recovery: CrashRecovery
beforeAll(async () => {
  recovery = await CrashRecovery.start()
})
afterAll(() => recovery.stop())

const during =
  (phase: string): Moment =>
  async (run, jobId) => {
    expect(await run.waitForPhase(jobId, phase)).toMatchObject({ status: 'running', phase })
  }

describe('an export that is interrupted by kill -9', () => {
  it.each<[string, Kill]>([['compose-parts', killAllProcesses], ...(EVERY_PHASE ? OTHER_EXPORT_PHASES : [])])(
    'in the phase %s is repeated at the next start and produces a complete archive',
    async (phase, kill) => {
      await recovery.export(during(phase), kill)
    },
  )
})

describe('a restore that is interrupted by kill -9', () => {
  it.each<[string, Kill]>([['apply-records', killProgram], ...(EVERY_PHASE ? OTHER_RESTORE_PHASES : [])])(
    'in the phase %s is repeated at the next start and restores exactly the content of the archive',
    async (phase, kill) => {
      await recovery.restore(during(phase), kill)
    },
  )
})

describe('kill -9 at a random moment', { timeout: 7_200_000 }, () => {
  it('neither loses nor duplicates data', async ({ task }) => {
    const numbers = numbersOf(`kills ${SEED}`)
    let interrupted = 0
    for (let n = 0; n < KILLS; n++) {
      const ms = Math.floor(numbers() * LATEST_MS)
      const kill = numbers() < 0.5 ? killProgram : killAllProcesses
      const kind = numbers() < 0.4 ? 'export' : 'restore'
      try {
        if (await recovery[kind](() => sleep(ms), kill)) interrupted += 1
      } catch (error) {
        throw new Error(`${kind} killed after ${ms} ms (seed ${SEED}, kill ${n})`, { cause: error })
      }
    }
    tally(task, { 'kills at random moments': KILLS, 'kills during a job': interrupted })
  })
})
