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
