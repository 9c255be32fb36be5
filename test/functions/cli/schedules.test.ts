import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { TestProgram } from '../../workflows/program.ts'
import { otherServers } from '../../services.ts'
import { cli, jsonLines } from './cli-run.ts'
import { fakeApi } from './fake-api.ts'

let program: TestProgram
const run = (...args: string[]) => cli(args, { env: { SPECSTAR_BACKUP_ENDPOINT: program.url } })

beforeAll(async () => {
  const SCHEDULES = JSON.stringify([
    { name: 'nightly', cron: '0 3 * * ? *', timezone: 'Asia/Taipei', keep_days: 30, models: ['country'] },
    { name: 'weekly', rate: '7 days', keep_days: 60 },
  ])
  program = await TestProgram.start({ env: { ...otherServers(), SCHEDULES } })
})
afterAll(() => program.stop())

describe('prune without archives', () => {
  it('says that the next run deletes nothing', async () => {
    const { code, stdout } = await run('prune')
    expect(code).toBe(0)
    expect(stdout).toBe(
      'No rule of the daily deletion applies to any object that was read, so the next run deletes nothing.\n',
    )
  })
})

describe('schedules', () => {
  it('lists the schedules of the settings', async () => {
    const { code, stdout } = await run('schedules', 'list')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^nightly +0 3 \* \* \? \* Asia\/Taipei +country +/m)
    expect(stdout).toMatch(/^weekly +every 7 days +all +/m)
    expect(jsonLines((await run('schedules', 'list', '--json')).stdout)).toMatchObject([
      { name: 'nightly', keep_days: 30 },
      { name: 'weekly' },
    ])
  })

  it('does not claim more about the archives of a schedule than the server has examined', async () => {
    const last = { job_id: 'j', status: 'succeeded', due_at: '2026-01-20T03:00:00.000Z', judgement: 'good' }
    const searched_until = '2026-01-18T03:00:00.000Z'
    const schedules = [
      { name: 'late', rate: '1 day', last, searched_until, overdue: true },
      { name: 'unclear', rate: '1 day', last: { ...last, damaged: true }, searched_until },
    ]
    const api = await fakeApi(() => ({ status: 200, body: { schedules } }))
    onTestFinished(api.stop)
    const { code, stdout } = await cli(['schedules', 'list'], { env: { SPECSTAR_BACKUP_ENDPOINT: api.url } })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^late .* succeeded, good +none since 2026-01-18 03:00:00Z +- +overdue$/m)
    expect(stdout).toMatch(/^unclear .* succeeded, damaged or deleted +none since 2026-01-18 03:00:00Z +- +unknown$/m)
  })

  it('says how to decide about a suspicious archive', async () => {
    const schedules = [
      { name: 'calm', rate: '1 day', overdue: false },
      { name: 'nightly', rate: '1 day', overdue: false, undecided: { job_id: 's-nightly-1' } },
    ]
    const api = await fakeApi(() => ({ status: 200, body: { schedules } }))
    onTestFinished(api.stop)
    const env = { SPECSTAR_BACKUP_ENDPOINT: api.url }
    const { stdout } = await cli(['schedules', 'list'], { env })
    expect(stdout).toMatch(/^nightly .* decide about s-nightly-1$/m)
    expect(stdout).toContain('specstar-backup ui, or send POST /_backup/schedules/nightly/confirm.')
    expect(jsonLines((await cli(['schedules', 'list', '--json'], { env })).stdout)).toHaveLength(2)
  })

  it('runs a schedule and waits for the archive, which belongs to the schedule', async () => {
    const { code, stdout } = await run('schedules', 'run', 'nightly', '--wait')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^archive +s3:\/\/\S+\/scheduled\/nightly\//m)
    expect((await run('schedules', 'list')).stdout).toMatch(/^nightly .* succeeded/m)
    const started = await run('schedules', 'run', 'weekly')
    expect(started.stdout).toMatch(/^Started export \S+$/m)
  })

  it('pauses a schedule and resumes it', async () => {
    const paused = await run('schedules', 'pause', 'weekly', '--days', '3', '--reason', 'migration')
    expect(paused.code).toBe(0)
    expect(paused.stdout).toMatch(/^Schedule weekly is paused until \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ\.$/m)
    expect((await run('schedules', 'list')).stdout).toMatch(/^weekly .* paused by local until /m)
    const resumed = await run('schedules', 'resume', 'weekly')
    expect(resumed).toMatchObject({ code: 0 })
    expect(resumed.stdout).toMatch(/^The pause of schedule weekly has ended\./m)
    expect((await run('schedules', 'resume', 'weekly')).stdout).toMatch(/^Schedule weekly was not paused\./m)
    expect((await run('schedules', 'list')).stdout).not.toContain('paused')
  })

  it('names the schedules if a schedule does not exist', async () => {
    const { code, stderr } = await run('schedules', 'run', 'hourly')
    expect(code).toBe(2)
    expect(stderr).toContain('nightly, weekly')
    for (const action of ['pause', 'resume']) expect((await run('schedules', action, 'hourly')).code).toBe(2)
  })

  it('rejects a pause of more than 30 days', async () => {
    const { code, stderr } = await run('schedules', 'pause', 'weekly', '--days', '31')
    expect(code).toBe(2)
    expect(stderr).toContain('--days: must be a whole number from 1 to 30')
  })
})

describe('prune', () => {
  it('explains what is deleted and what is kept', async () => {
    await run('schedules', 'run', 'nightly', '--wait')
    const { code, stdout } = await run('prune')
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^The next daily deletion deletes 0 objects and keeps \d+ objects?\. Objects to which no rule applies are kept, too\.$/m,
    )
    const all = await run('prune', '--all')
    expect(all.stdout).toMatch(/^keep +nightly +\d{4}-\d\d-\d\d .* s3:\/\/\S+\/scheduled\/nightly\//m)
    expect(all.stdout).toMatch(/ is kept until \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ \(keep_days is 30\)$/m)
    const lines = jsonLines((await run('prune', '--all', '--json')).stdout)
    expect(lines).toEqual(expect.arrayContaining([expect.objectContaining({ action: 'keep', schedule: 'nightly' })]))
  })
})
