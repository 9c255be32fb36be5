import { DeleteObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { fixture, TestProgram } from '../../workflows/program.ts'
import { cli, jsonLines } from './cli-run.ts'

let program: TestProgram
const run = (...args: string[]) => cli(args, { env: { SPECSTAR_BACKUP_ENDPOINT: program.url } })
const Difference = z.looseObject({ group: z.string(), resource_id: z.string() })
const JobLine = z.looseObject({ job_id: z.string() })
const exportModel = async (model: string): Promise<string> =>
  JobLine.parse(jsonLines((await run('export', '--model', model, '--wait', '--json')).stdout)[0]).job_id

let guilds = ''
beforeAll(async () => {
  program = await TestProgram.start()
  await program.requestAndWait('POST', '/_backup/import', await fixture('catalogue-v3.acbak'))
  guilds = await exportModel('guild')
})
afterAll(() => program.stop())

interface Listed {
  readonly complete: boolean
}

describe('archives', () => {
  it('lists archives newest first, with their state', async () => {
    const items = await exportModel('item')
    const { code, stdout } = await run('archives')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^JOB +CREATED +SCHEDULE +RESOURCES +SIZE +STATE +CHECKED +PROVED$/m)
    expect(stdout.indexOf(items)).toBeGreaterThan(0)
    expect(stdout.indexOf(guilds)).toBeGreaterThan(stdout.indexOf(items))
    expect(stdout).toMatch(new RegExp(`^${guilds} .* 12 .* complete +- +-$`, 'm'))
    const first = await run('archives', '--limit', '1')
    expect(first.stdout).toContain(items)
    expect(first.stderr).toBe('There may be more. The option --limit sets how many are listed.\n')
    const ofModel = jsonLines((await run('archives', '--model', 'guild', '--json')).stdout)
    expect(ofModel).toMatchObject([{ job_id: guilds }])
  })

  it('shows when an archive was checked and proved', async () => {
    await run('verify', guilds)
    await run('restore', guilds)
    const { stdout } = await run('archives', '--model', 'guild')
    expect(stdout).toMatch(new RegExp(`^${guilds} .* complete +\\d{4}-\\S+ \\S+Z +\\d{4}-\\S+ \\S+Z$`, 'm'))
  })

  it('returns the newest archive, or fails if there is none', async () => {
    expect(jsonLines((await run('archives', '--latest', '--model', 'guild', '--json')).stdout)).toMatchObject([
      { job_id: guilds },
    ])
    const none = await run('archives', '--latest', '--model', 'memo', '--json')
    expect(none.code).toBe(1)
    expect(jsonLines(none.stderr)).toMatchObject([{ error: { type: 'no-archive' } }])
  })

  it.each([
    ['--from', '2026-01-01T00:00:00Z'],
    ['--to', '2026-01-01T00:00:00Z'],
    ['--limit', '1'],
  ])('rejects --latest together with %s', async (option, value) => {
    const { code, stderr } = await run('archives', '--latest', option, value)
    expect(code).toBe(2)
    expect(stderr).toContain(`option '--latest' cannot be used with option '${option} `)
  })

  it('says which archives are filtered', async () => {
    const filtered = JobLine.parse(
      jsonLines((await run('export', '--model', 'guild', '--filter', 'ids=g-1', '--wait', '--json')).stdout)[0],
    ).job_id
    const lines = (await run('archives')).stdout.split('\n')
    expect(lines.find((line) => line.startsWith(filtered))).toContain('complete, filtered')
    expect(lines.find((line) => line.startsWith(guilds))).not.toContain('filtered')
  })
})

describe('diff --live', () => {
  it('finds no difference between an archive and the store from which it was exported', async () => {
    const { code, stdout, stderr } = await run('diff', guilds, '--live')
    expect({ code, stdout, stderr: stderr.includes('completely') }).toEqual({
      code: 0,
      stdout:
        '0 resources only in the store, 0 changed, 0 only in the archive\n0 blobs changed, 0 only in the archive\n',
      stderr: false,
    })
  })

  it(
    'finds blobs that the store lacks or that have other bytes, although no resource differs',
    { timeout: 180_000 },
    async () => {
      const everything = JobLine.parse(jsonLines((await run('export', '--wait', '--json')).stdout)[0]).job_id
      const { s3, config } = program
      const Bucket = config.buckets.blobs
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'blobs/' }))
      const [first = {}, second = {}] = Contents
      const original = await program.object(second.Key ?? '', Bucket)
      const deleted = await program.object(first.Key ?? '', Bucket)
      await s3.send(new DeleteObjectCommand({ Bucket, Key: first.Key }))
      await program.putObject(second.Key ?? '', Buffer.from('other bytes'), Bucket)
      const { code, stdout } = await run('diff', everything, '--live')
      expect({ code, stdout }).toEqual({
        code: 6,
        stdout:
          '0 resources only in the store, 0 changed, 0 only in the archive\n1 blob changed, 1 only in the archive\n',
      })
      expect(jsonLines((await run('diff', everything, '--live', '--json')).stdout)).toEqual([
        {
          summary: {
            resources: { new: 0, changed: 0, missing: 0, target_only: 0 },
            blobs: { new: 1, changed: 1 },
            complete: true,
          },
        },
      ])
      // An archive that lacks the blob, as the store does, cannot be compared completely.
      const incomplete = await run('export', '--no-strict', '--wait', '--json')
      const lists = [await run('archives', '--incomplete', '--json'), await run('archives', '--complete', '--json')]
      const [lacking, whole] = lists.map(({ stdout: text }) => jsonLines(text).map((line) => (line as Listed).complete))
      expect(lacking).toEqual([false])
      expect(whole?.length).toBeGreaterThan(0)
      expect(whole).not.toContain(false)
      const partial = await run('diff', JobLine.parse(jsonLines(incomplete.stdout)[0]).job_id, '--live')
      expect(partial.code).toBe(3)
      expect(partial.stderr).toContain('could not be compared completely')
      await run('restore', everything)
      expect(await program.object(second.Key ?? '', Bucket)).toEqual(original)
      expect(await program.object(first.Key ?? '', Bucket)).toEqual(deleted)
    },
  )

  it('shows the fields of a changed resource, with their archived and stored values', async () => {
    const { items } = await program.contents()
    const metadata = [...items.values()].filter(
      (item) => item['pk']?.S?.startsWith('guild') === true && item['current_revision_id'] !== undefined,
    )
    const [changed = {}] = metadata
    await program.putItem({ ...changed, updated_by: { S: 'eve' } })
    const { code, stdout } = await run('diff', guilds, '--live', '--fields')
    expect(code).toBe(6)
    expect(stdout).toContain(`~ guild/${changed['resource_id']?.S ?? ''}\n`)
    expect(stdout).toMatch(/^ {4}~ \/metadata\/updated_by {2}".*" → "eve"$/m)
    await program.putItem(changed)
  })

  it('lists resources that only the archive contains', async () => {
    await program.wipe()
    const { code, stdout } = await run('diff', guilds, '--live', '--model', 'guild')
    expect(code).toBe(6)
    expect(stdout.split('\n').filter((line) => line.startsWith('- guild/'))).toHaveLength(12)
    expect(stdout).toContain('0 resources only in the store, 0 changed, 12 only in the archive\n')
    // The groups are those of the API.
    const lines = jsonLines((await run('diff', guilds, '--live', '--json')).stdout)
    expect(lines.filter((line) => Difference.safeParse(line).data?.group === 'new')).toHaveLength(12)
    expect(lines).toHaveLength(13)
  })

  it('lists resources that only the store contains', async () => {
    const { resource_id: only } = Difference.parse(jsonLines((await run('diff', guilds, '--live', '--json')).stdout)[0])
    await run('restore', guilds, '--only', `guild/${only}`)
    const one = await exportModel('guild')
    await run('restore', guilds)
    const { code, stdout } = await run('diff', one, '--live')
    expect(code).toBe(6)
    expect(stdout.split('\n').filter((line) => line.startsWith('+ guild/'))).toHaveLength(11)
    expect(stdout).toContain('11 resources only in the store, 0 changed, 0 only in the archive\n')
  })

  it('requires either --live or a second archive', async () => {
    const neither = await run('diff', guilds)
    expect(neither.code).toBe(2)
    expect(neither.stderr).toContain('name a second archive, or use --live')
    const both = await run('diff', guilds, 'other.acbak', '--live')
    expect(both.code).toBe(2)
    expect(both.stderr).toContain('--live: cannot be combined with a second archive')
  })
})
