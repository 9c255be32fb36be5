import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { z } from 'zod'
import { type Contents, lasting, unfinishedUploads } from '../contents.ts'
import { fixture } from '../workflows/program.ts'
import { Life } from './lives.ts'

const COUNTS = { character: 47, guild: 12, item: 63 }
const ALL = COUNTS.character + COUNTS.guild + COUNTS.item

const Exported = z.object({
  complete: z.literal(true),
  models: z.record(z.string(), z.object({ resources: z.number() })),
})
const DryRun = z.object({
  models: z.record(z.string(), z.object({ new: z.number(), changed: z.number(), same: z.number() })),
})

/** Waits for the moment at which a job is cut off. */
export type Moment = (life: Life, jobId: string) => Promise<void>
/** How the program dies. */
export type Kill = (life: Life) => Promise<void>
export const alone: Kill = (life) => life.end('SIGKILL')
export const withStandIns: Kill = (life) => life.crash()

/** The program on a folder that outlives it, with a catalogue in its store: killed in the middle of jobs, and started again. */
export class KilledProgram {
  readonly #dir: string
  readonly #archive: Buffer
  #life: Life
  #before: Contents = { items: new Map(), objects: new Map() }

  private constructor(dir: string, archive: Buffer, life: Life) {
    this.#dir = dir
    this.#archive = archive
    this.#life = life
  }

  static async start(): Promise<KilledProgram> {
    const dir = await mkdtemp(join(tmpdir(), 'kills-'))
    const killed = new KilledProgram(dir, await fixture('catalogue-v3.acbak'), await Life.begin(dir))
    const loaded = await killed.#life.run('POST', '/_backup/import?wait=25', killed.#archive)
    expect(loaded).toMatchObject({ status: 200, body: { status: 'succeeded' } })
    killed.#before = await killed.#life.contents()
    return killed
  }

  async stop(): Promise<void> {
    await this.#life.end('SIGKILL')
    await rm(this.#dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }

  /** An export that is cut off is run again at the next start, and comes out whole. Gives whether it was: it may have ended before. */
  async export(moment: Moment, kill: Kill): Promise<boolean> {
    const path = '/_backup/export?models=character,guild,item&wait=0'
    const { job, wasCutOff } = await this.#cutOff(await this.#life.begun('GET', path), moment, kill)
    strictEqual(job.status, 'succeeded', JSON.stringify(job))
    const { models } = Exported.parse(job['result'])
    deepStrictEqual(
      Object.fromEntries(Object.entries(models).map(([name, { resources }]) => [name, resources])),
      COUNTS,
    )
    // The archive holds just what the store holds.
    const from = { job_id: job.job_id }
    const compared = await this.#life.run('POST', '/_backup/import?dry_run=true&wait=25', { from })
    const counts = Object.values(DryRun.parse(compared.body).models)
    deepStrictEqual(
      counts.map((one) => one.new + one.changed),
      [0, 0, 0],
    )
    strictEqual(
      counts.reduce((sum, { same }) => sum + same, 0),
      ALL,
    )
    deepStrictEqual(await unfinishedUploads(this.#life, { withParts: true }), [])
    return wasCutOff
  }

  /** A restore that is cut off is run again at the next start, and leaves just what the archive holds. Gives whether it was. */
  async restore(moment: Moment, kill: Kill): Promise<boolean> {
    await this.#life.wipe()
    const { job, wasCutOff } = await this.#cutOff(
      await this.#life.begun('POST', '/_backup/import?wait=0', this.#archive),
      moment,
      kill,
    )
    expect(job).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
    const each = Object.entries(COUNTS).map(([model, count]) => [model, { loaded: count, skipped: 0, total: count }])
    expect(job['result']).toMatchObject({ models: Object.fromEntries(each) as object })
    deepStrictEqual(lasting(await this.#life.contents()), lasting(this.#before))
    deepStrictEqual(await unfinishedUploads(this.#life, { withParts: true }), [])
    // Its leases are free: another restore may begin.
    const again = await this.#life.run('POST', '/guild/import?on_duplicate=skip&wait=25', this.#archive)
    expect(again).toMatchObject({ status: 200, body: { status: 'succeeded' } })
    return wasCutOff
  }

  /** Lets a job run to a moment, kills the program there, starts it again, and gives the job as it then ends. */
  async #cutOff(jobId: string, moment: Moment, kill: Kill) {
    await moment(this.#life, jobId)
    const { status } = await this.#life.job(jobId)
    await kill(this.#life)
    this.#life = await Life.begin(this.#dir)
    return { job: await this.#life.ended(jobId), wasCutOff: ['queued', 'running'].includes(status) }
  }
}
