import { describe, expect, it, vi } from 'vitest'
import { handler as startHandler } from '../../functions/events/start-scheduled.ts'
import { PausedScheduleView, ResumedScheduleView } from '../../functions/http/schedule-view.ts'
import { logger } from '../../shared/telemetry/telemetry.ts'
import { context, DAY_MS, startScheduleRoutes } from './schedule-routes.ts'

const routes = await startScheduleRoutes()

describe('POST /_backup/schedules/{name}/pause', () => {
  it('pauses the schedule for 30 days by default, and names the caller, the times and the reason', async () => {
    const answer = await routes.post('/pause', { reason: 'migration of the table' })
    expect(answer.status).toBe(200)
    expect(PausedScheduleView.parse(answer.body)).toEqual(answer.body)
    const pause = {
      by: 'local',
      at: routes.now.toISOString(),
      until: new Date(routes.now.getTime() + 30 * DAY_MS).toISOString(),
      reason: 'migration of the table',
    }
    expect(answer.body).toEqual({ name: routes.name, ...pause })
    expect((await routes.listed()).paused).toEqual(pause)
    const again = await routes.post('/pause?days=2')
    expect(again.body).toMatchObject({ until: new Date(routes.now.getTime() + 2 * DAY_MS).toISOString() })
    expect((await routes.listed()).paused).not.toHaveProperty('reason')
  })

  it('starts no export for a due time in the pause, logs and lists this, and counts the due time as overdue', async () => {
    const warn = vi.spyOn(logger, 'warn')
    await routes.isOverdueInCheck()
    await routes.post('/pause', { days: 1 })
    routes.now = new Date('2026-03-02T03:00:01Z')
    await routes.deliver('02')
    expect(await routes.runner.services.jobs.get(routes.jobIdOf('02'))).toBeUndefined()
    expect(warn).toHaveBeenCalledWith(
      'a due time starts no export, because its schedule is paused',
      expect.objectContaining({ schedule: routes.name, at: '2026-03-02T03:00:00Z' }),
    )
    warn.mockRestore()
    routes.now = new Date('2026-03-02T09:01:00Z')
    expect(await routes.isOverdueInCheck()).toBe(true)
    expect(await routes.listed()).toMatchObject({
      overdue: true,
      next_at: '2026-03-03T03:00:00.000Z',
      last_skipped: { due_at: '2026-03-02T03:00:00.000Z', paused_by: 'local' },
    })
  })

  it('ends by itself: the next due time starts an export, but a repeated event of the pause does not', async () => {
    await routes.post('/pause', { days: 1 })
    routes.now = new Date('2026-03-02T03:00:01Z')
    await routes.deliver('02')
    routes.now = new Date('2026-03-02T12:00:00.250Z')
    expect(await routes.listed()).not.toHaveProperty('paused')
    await routes.deliver('02')
    expect(await routes.runner.services.jobs.get(routes.jobIdOf('02'))).toBeUndefined()
    await routes.deliver('03')
    expect(await routes.runner.services.jobs.get(routes.jobIdOf('03'))).toMatchObject({ status: 'succeeded' })
  })

  it('also skips a due time before the pause whose event arrives in the pause, unless its export has started', async () => {
    await routes.deliver('01')
    await routes.post('/pause')
    await startHandler({ schedule: routes.name, at: '2026-03-01T03:00:00Z' }, context())
    expect(await routes.listed()).not.toHaveProperty('last_skipped')
    await startHandler({ schedule: routes.name, at: '2026-03-01T11:59:59Z' }, context())
    expect(await routes.listed()).toMatchObject({
      last: { job_id: routes.jobIdOf('01') },
      last_skipped: { due_at: '2026-03-01T11:59:59.000Z' },
    })
  })

  it.each<[object, string]>([
    [{ days: 0 }, 'days'],
    [{ days: 31 }, 'days'],
    [{ days: 1.5 }, 'days'],
    [{ reason: '' }, 'reason'],
    [{ reason: 'x'.repeat(501) }, 'reason'],
    [{ until: '2026-04-01T00:00:00Z' }, 'until'],
  ])('rejects %j', async (body, field) => {
    expect(await routes.post('/pause', body)).toMatchObject({ status: 400, body: { errors: [{ field }] } })
    expect(await routes.listed()).not.toHaveProperty('paused')
  })

  it('rejects an unknown schedule', async () => {
    expect(await routes.request('POST', '/monthly/pause')).toMatchObject({
      status: 404,
      body: { type: 'unknown-schedule' },
    })
  })
})

describe('POST /_backup/schedules/{name}/resume', () => {
  it('ends the pause, and returns the schedule', async () => {
    await routes.post('/pause')
    const answer = await routes.post('/resume')
    expect(answer.status).toBe(200)
    expect(ResumedScheduleView.parse(answer.body)).toEqual(answer.body)
    expect(answer.body).toEqual(await routes.listed())
    expect(answer.body).not.toHaveProperty('paused')
    await routes.deliver('02')
    expect(await routes.runner.services.jobs.get(routes.jobIdOf('02'))).toMatchObject({ status: 'succeeded' })
  })

  it('does not start an export for a due time of the pause whose event arrives after the end of the pause', async () => {
    await routes.post('/pause')
    routes.now = new Date('2026-03-02T09:00:00.250Z')
    await routes.post('/resume')
    await routes.deliver('02')
    expect(await routes.runner.services.jobs.get(routes.jobIdOf('02'))).toBeUndefined()
    expect(await routes.listed()).toMatchObject({
      last_skipped: { due_at: '2026-03-02T03:00:00.000Z', paused_by: 'local' },
    })
    // A second request does not move the end of the pause.
    routes.now = new Date('2026-03-03T09:00:00.250Z')
    await routes.post('/resume')
    await routes.deliver('03')
    expect(await routes.runner.services.jobs.get(routes.jobIdOf('03'))).toMatchObject({ status: 'succeeded' })
  })

  it('changes nothing if the schedule is not paused', async () => {
    expect(await routes.post('/resume')).toMatchObject({ status: 200, body: { name: routes.name } })
  })

  it('rejects an unknown schedule and parameters', async () => {
    expect(await routes.request('POST', '/monthly/resume')).toMatchObject({
      status: 404,
      body: { type: 'unknown-schedule' },
    })
    expect(await routes.post('/resume', { days: 3 })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'days' }] },
    })
  })
})
