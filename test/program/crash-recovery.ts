import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import * as z from 'zod'
import { type StoreContents, stableContents, unfinishedUploads } from '../contents.ts'
import { fixture } from '../workflows/program.ts'
import { ProgramRun } from './program-run.ts'

const COUNTS = { character: 47, guild: 12, item: 63 }
const ALL = COUNTS.character + COUNTS.guild + COUNTS.item

const Exported = z.object({
  complete: z.literal(true),
  models: z.record(z.string(), z.object({ resources: z.number() })),
})
const DryRun = z.object({
  models: z.record(z.string(), z.object({ new: z.number(), changed: z.number(), same: z.number() })),
})

/** Waits for the moment at which the program is killed. */
export type Moment = (run: ProgramRun, jobId: string) => Promise<void>
/** Kills the program. */
export type Kill = (run: ProgramRun) => Promise<void>
export const killProgram: Kill = (run) => run.end('SIGKILL')
export const killAllProcesses: Kill = (run) => run.killAll()

/**
 * Kills the program in the middle of jobs on a sample catalogue, restarts it on the same folder and checks how the jobs
 * end.
 */
export class CrashRecovery {
  readonly #dir: string
  readonly #archive: Buffer
  #run: ProgramRun
  #before: StoreContents = { items: new Map(), objects: new Map() }

  private constructor(dir: string, archive: Buffer, run: ProgramRun) {
    this.#dir = dir
    this.#archive = archive
    this.#run = run
  }

  static async start(): Promise<CrashRecovery> {
    const dir = await mkdtemp(join(tmpdir(), 'kills-'))
    const recovery = new CrashRecovery(dir, await fixture('catalogue-v3.acbak'), await ProgramRun.start(dir))
    const loaded = await recovery.#run.requestAndWait('POST', '/_backup/import?wait=25', recovery.#archive)
    expect(loaded).toMatchObject({ status: 200, body: { status: 'succeeded' } })
    recovery.#before = await recovery.#run.contents()
    return recovery
  }

  async stop(): Promise<void> {
    await this.#run.end('SIGKILL')
    await rm(this.#dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }

  /**
   * Interrupts an export and expects that the next start repeats it and that its archive equals the store. Returns
   * whether the job was still running at that moment.
   */
  async export(moment: Moment, kill: Kill): Promise<boolean> {
    const path = '/_backup/export?models=character,guild,item&wait=0'
    const { job, wasInterrupted } = await this.#interrupt(await this.#run.startJob('GET', path), moment, kill)
    strictEqual(job.status, 'succeeded', JSON.stringify(job))
    const { models } = Exported.parse(job['result'])
    deepStrictEqual(
      Object.fromEntries(Object.entries(models).map(([name, { resources }]) => [name, resources])),
      COUNTS,
    )
    const from = { job_id: job.job_id }
    const compared = await this.#run.requestAndWait('POST', '/_backup/import?dry_run=true&wait=25', { from })
    const counts = Object.values(DryRun.parse(compared.body).models)
    deepStrictEqual(
      counts.map((one) => one.new + one.changed),
      [0, 0, 0],
    )
    strictEqual(
      counts.reduce((sum, { same }) => sum + same, 0),
      ALL,
    )
    deepStrictEqual(await unfinishedUploads(this.#run, { withParts: true }), [])
    return wasInterrupted
  }

  /**
   * Interrupts a restore and expects that the next start repeats it and that the store equals the archive. Returns
   * whether the job was still running at that moment.
   */
  async restore(moment: Moment, kill: Kill): Promise<boolean> {
    await this.#run.wipe()
    const { job, wasInterrupted } = await this.#interrupt(
      await this.#run.startJob('POST', '/_backup/import?wait=0', this.#archive),
      moment,
      kill,
    )
    expect(job).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
    const each = Object.entries(COUNTS).map(([model, count]) => [model, { loaded: count, skipped: 0, total: count }])
    expect(job['result']).toMatchObject({ models: Object.fromEntries(each) as object })
    deepStrictEqual(stableContents(await this.#run.contents()), stableContents(this.#before))
    deepStrictEqual(await unfinishedUploads(this.#run, { withParts: true }), [])
    // The interrupted restore has released its leases, so another restore can start.
    const again = await this.#run.requestAndWait('POST', '/guild/import?on_duplicate=skip&wait=25', this.#archive)
    expect(again).toMatchObject({ status: 200, body: { status: 'succeeded' } })
    return wasInterrupted
  }

  /** Waits for a moment in a job, kills the program, restarts it and waits for the end of the job. */
  async #interrupt(jobId: string, moment: Moment, kill: Kill) {
    await moment(this.#run, jobId)
    const { status } = await this.#run.job(jobId)
    await kill(this.#run)
    this.#run = await ProgramRun.start(this.#dir)
    return { job: await this.#run.waitForEnd(jobId), wasInterrupted: ['queued', 'running'].includes(status) }
  }
}
