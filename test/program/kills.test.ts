import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SEED, tally } from '../faults/seeded.ts'
import { numbersOf } from '../large/noise.ts'
import { alone, type Kill, KilledProgram, type Moment, withStandIns } from './killed.ts'

/** `npm test` kills in a phase of each kind and at a random moment once, `npm run test:faults` in every phase and many times. */
const KILLS = Number(process.env['KILLS'] ?? 1)
const EVERY_PHASE = KILLS > 1
/** A job of this catalogue takes a second or two: some moments fall behind its end. */
const LATEST_MS = 2_000

const OTHER_EXPORT_PHASES: readonly [string, Kill][] = [
  ['export-records', withStandIns],
  ['export-blobs', alone],
]
const OTHER_RESTORE_PHASES: readonly [string, Kill][] = [
  ['preflight', withStandIns],
  ['apply-blobs', withStandIns],
  ['verify', withStandIns],
]

let program: KilledProgram
beforeAll(async () => {
  program = await KilledProgram.start()
})
afterAll(() => program.stop())

const during =
  (phase: string): Moment =>
  async (life, jobId) => {
    expect(await life.reached(jobId, phase)).toMatchObject({ status: 'running', phase })
  }

describe('an export that a kill -9 cuts off', () => {
  it.each<[string, Kill]>([['compose-parts', withStandIns], ...(EVERY_PHASE ? OTHER_EXPORT_PHASES : [])])(
    'during %s is run again at the next start and comes out whole',
    async (phase, kill) => {
      await program.export(during(phase), kill)
    },
  )
})

describe('a restore that a kill -9 cuts off', () => {
  it.each<[string, Kill]>([['apply-records', alone], ...(EVERY_PHASE ? OTHER_RESTORE_PHASES : [])])(
    'during %s is run again at the next start and leaves just what the archive holds',
    async (phase, kill) => {
      await program.restore(during(phase), kill)
    },
  )
})

describe('a kill -9 at any moment', { timeout: 7_200_000 }, () => {
  it('loses and doubles nothing', async ({ task }) => {
    const numbers = numbersOf(`kills ${SEED}`)
    let cutOff = 0
    for (let n = 0; n < KILLS; n++) {
      const ms = Math.floor(numbers() * LATEST_MS)
      const kill = numbers() < 0.5 ? alone : withStandIns
      const what = numbers() < 0.4 ? 'export' : 'restore'
      try {
        if (await program[what](() => sleep(ms), kill)) cutOff += 1
      } catch (error) {
        throw new Error(`${what} killed after ${ms} ms (seed ${SEED}, kill ${n})`, { cause: error })
      }
    }
    tally(task, { 'kills at random moments': KILLS, 'of them in the middle of a job': cutOff })
  })
})
