import { describe, expect, it, vi } from 'vitest'
import type { UploadEvent } from '../../../../functions/events/upload.ts'
import { UploadEvents } from '../../../../infra/local/program/upload-events.ts'

const eventOf = (key: string): UploadEvent => ({ detail: { bucket: { name: 'uploads' }, object: { key } } })
const never = () => Promise.reject(new Error('unavailable'))

describe('UploadEvents', () => {
  it('delivers events that arrived before open, and later ones at once', async () => {
    const handler = vi.fn<(event: UploadEvent) => Promise<void>>(() => Promise.resolve())
    const events = new UploadEvents(handler)
    events.receive(eventOf('early'))
    expect(handler).not.toHaveBeenCalled()
    events.open()
    events.receive(eventOf('late'))
    await events.close()
    expect(handler.mock.calls.map(([event]) => event)).toEqual([eventOf('early'), eventOf('late')])
  })

  it('retries after every delay, and then gives up', async () => {
    const errors = vi.spyOn(console, 'error').mockReturnValue()
    const handler = vi.fn(never)
    const events = new UploadEvents(handler, [1, 1])
    events.open()
    events.receive(eventOf('a'))
    await vi.waitFor(() => {
      expect(errors).toHaveBeenCalledTimes(3)
    })
    await events.close()
    expect(handler).toHaveBeenCalledTimes(3)
    errors.mockRestore()
  })

  it('does not retry after it is closed', async () => {
    const errors = vi.spyOn(console, 'error').mockReturnValue()
    const handler = vi.fn(never)
    const events = new UploadEvents(handler, [1, 1])
    events.open()
    events.receive(eventOf('a'))
    await events.close()
    events.receive(eventOf('b'))
    expect(handler).toHaveBeenCalledTimes(1)
    errors.mockRestore()
  })
})
