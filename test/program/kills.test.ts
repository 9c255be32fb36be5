import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Contents, lasting } from '../contents.ts'
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

let dir: string
let life: Life
let before: Contents
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kills-'))
  life = await Life.begin(dir)
  const loaded = await life.run('POST', '/_backup/import?wait=25', await fixture('catalogue-v3.acbak'))
  expect(loaded).toMatchObject({ status: 200, body: { status: 'succeeded' } })
  before = await life.contents()
})
afterAll(async () => {
  await life.end('SIGKILL')
  await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
})

/** Lets a job run to a phase, kills the program there, starts it again, and gives the job as it then ends. */
const killedAt = async (jobId: string, phase: string, kill: (life: Life) => Promise<void>) => {
  const seen = await life.reached(jobId, phase)
  expect(seen).toMatchObject({ status: 'running', phase })
  await kill(life)
  life = await Life.begin(dir)
  return life.ended(jobId)
}
const alone = (one: Life): Promise<void> => one.end('SIGKILL')
const withStandIns = (one: Life): Promise<void> => one.crash()

const openUploads = async (bucket: string): Promise<unknown[]> =>
  (await life.s3.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads ?? []

describe('an export that a kill -9 cuts off', () => {
  it.each([
    ['records', withStandIns],
    ['blobs', alone],
    ['compose', withStandIns],
  ])('during %s is run again at the next start and comes out whole', async (phase, kill) => {
    const job = await killedAt(
      await life.begun('GET', '/_backup/export?models=character,guild,item&wait=0'),
      phase,
      kill,
    )
    expect(job.status).toBe('succeeded')
    const { models } = Exported.parse(job['result'])
    expect(Object.fromEntries(Object.entries(models).map(([name, { resources }]) => [name, resources]))).toEqual(COUNTS)
    // The archive holds just what the store holds.
    const compared = await life.run('POST', '/_backup/import?dry_run=true&wait=25', { from: { job_id: job.job_id } })
    const counts = Object.values(DryRun.parse(compared.body).models)
    expect(counts.map((one) => one.new + one.changed)).toEqual([0, 0, 0])
    expect(counts.reduce((sum, { same }) => sum + same, 0)).toBe(ALL)
    expect(await openUploads(life.config.buckets.archives)).toEqual([])
  })
})

describe('a restore that a kill -9 cuts off', () => {
  it.each([
    ['preflight', withStandIns],
    ['blobs', withStandIns],
    ['records', alone],
    ['verify', withStandIns],
  ])('during %s is run again at the next start and leaves just what the archive holds', async (phase, kill) => {
    await life.wipe()
    const archive = await fixture('catalogue-v3.acbak')
    const job = await killedAt(await life.begun('POST', '/_backup/import?wait=0', archive), phase, kill)
    expect(job).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
    const each = Object.entries(COUNTS).map(([model, count]) => [model, { loaded: count, skipped: 0, total: count }])
    expect(job['result']).toMatchObject({ models: Object.fromEntries(each) as object })
    expect(lasting(await life.contents())).toEqual(lasting(before))
    expect(await openUploads(life.config.buckets.blobs)).toEqual([])
    // Its leases are free: another restore may begin.
    const again = await life.run('POST', '/guild/import?on_duplicate=skip&wait=25', archive)
    expect(again).toMatchObject({ status: 200, body: { status: 'succeeded' } })
  })
})
