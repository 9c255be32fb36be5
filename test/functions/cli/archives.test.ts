import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { fixture, TestProgram } from '../../workflows/program.ts'
import { cli, jsonLines } from './cli-run.ts'

let program: TestProgram
const run = (...args: string[]) => cli(args, { env: { SPECSTAR_BACKUP_ENDPOINT: program.url } })
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

describe('archives', () => {
  it('lists archives newest first, with their state', async () => {
    const items = await exportModel('item')
    const { code, stdout } = await run('archives')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^JOB +CREATED +SCHEDULE +RESOURCES +SIZE +STATE +CHECKED +PROVED$/m)
    expect(stdout.indexOf(items)).toBeGreaterThan(0)
    expect(stdout.indexOf(guilds)).toBeGreaterThan(stdout.indexOf(items))
    expect(stdout).toMatch(new RegExp(`^${guilds} .* 12 .* complete +- +-$`, 'm'))
    expect(jsonLines((await run('archives', '--json', '--limit', '1')).stdout)).toMatchObject([{ job_id: items }])
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

  it('rejects --latest together with a time', async () => {
    const { code, stderr } = await run('archives', '--latest', '--from', '2026-01-01T00:00:00Z')
    expect(code).toBe(2)
    expect(stderr).toContain('--latest: cannot be combined')
  })
})

describe('diff --live', () => {
  it('finds no difference between an archive and the store from which it was exported', async () => {
    const { code, stdout, stderr } = await run('diff', guilds, '--live')
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toContain('0 differences')
  })

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
    expect(stdout).toMatch(/^ {4}\/metadata\/updated_by: ".*" → "eve"$/m)
    await program.putItem(changed)
  })

  it('lists resources that only the archive contains', async () => {
    await program.wipe()
    const { code, stdout, stderr } = await run('diff', guilds, '--live', '--model', 'guild')
    expect(code).toBe(6)
    expect(stdout.split('\n').filter((line) => line.startsWith('- guild/'))).toHaveLength(12)
    expect(stderr).toContain('12 differences')
    expect(jsonLines((await run('diff', guilds, '--live', '--json')).stdout)).toHaveLength(12)
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
