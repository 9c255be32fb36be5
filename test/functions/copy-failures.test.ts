import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ObjectChangedError } from '../../shared/objects/errors.ts'
import { ARCHIVE, CopiesApi, copyOf, DAY_MS, HOUR_MS, keyOf, LARGE, MIB, TARGET } from './copies-api.ts'

let api: CopiesApi
beforeAll(async () => {
  api = await CopiesApi.start()
})
afterAll(() => api.stop())
beforeEach(() => api.reset())

describe('the copies of scheduled archives', () => {
  it('fail if they are not finished after seven days, and are continued', async () => {
    const key = keyOf('nightly', 6)
    await api.put(key, LARGE)
    await api.withLimits({ copyPartBytes: 8 * MIB, copyRunMs: 0 }, async () => {
      await api.copy()
      await api.later(2 * DAY_MS, async () => {
        await expect(api.copy()).rejects.toThrow(`archive ${key}: the copy s3://${TARGET}/${copyOf(key)}`)
        expect(await api.stateOf(key)).toMatchObject({ state: 'pending', copied_bytes: 16 * MIB })
        expect(await api.copy()).toMatchObject([{ copied: [copyOf(key)] }, {}])
      })
    })
    expect(await api.stateOf(key)).toMatchObject({ state: 'copied' })
  })

  it('fail if they are not begun after seven days, because smaller archives take the time of every run', async () => {
    const [large, small] = [keyOf('nightly', 6), keyOf('weekly', 0)]
    await api.put(large, LARGE)
    await api.put(small)
    await api.withLimits({ copyRunMs: 0 }, async () => {
      expect(await api.copy()).toMatchObject([{ pending: [copyOf(large)] }, { copied: [copyOf(small)] }])
      await api.services.objects.delete(TARGET, [copyOf(small)])
      await api.services.archiveCopies.delete('weekly', { archive: small })
      await api.later(2 * DAY_MS, async () => {
        await expect(api.copy()).rejects.toThrow('is not finished after 7 days')
        expect(await api.stateOf(small)).toMatchObject({ state: 'copied' })
        expect(await api.stateOf(large)).toMatchObject({ state: 'pending', copied_bytes: 0 })
      })
    })
  })

  it('continue after failed runs and their repetitions, and are begun again after two hours of them', async () => {
    const key = keyOf('nightly', 0)
    await api.put(key, LARGE)
    const { copies } = api.services
    const resumeMultipart: typeof copies.resumeMultipart = (...upload) =>
      Object.assign(copies.resumeMultipart(...upload), { listParts: () => Promise.reject(new Error('AccessDenied')) })
    await api.withLimits({ copyPartBytes: 16 * MIB, copyRunMs: 0 }, async () => {
      await api.copy()
      const [first] = await api.openUploads()
      const hours = [0, 0.02, 0.05, 1, 1.02, 1.05, 1.98, 2].map((hour) => hour * HOUR_MS)
      await api.withCopies({ resumeMultipart }, async () => {
        for (const ms of hours) {
          await api.later(ms, () => expect(api.copy()).rejects.toThrow('AccessDenied'))
          expect(await api.stateOf(key)).toMatchObject({ state: 'failed', reason: 'AccessDenied' })
        }
      })
      expect(await api.openUploads()).toEqual([first])
      await api.later(2.02 * HOUR_MS, async () => {
        expect(await api.copy()).toMatchObject([{ pending: [copyOf(key)] }, {}])
      })
      expect(await api.openUploads()).not.toEqual([first])
      expect(await api.openUploads()).toHaveLength(1)
    })
  })

  it('are continued if a run succeeds between failed runs', async () => {
    const key = keyOf('nightly', 0)
    await api.put(key, LARGE)
    const { copies } = api.services
    const resumeMultipart: typeof copies.resumeMultipart = (...upload) =>
      Object.assign(copies.resumeMultipart(...upload), { listParts: () => Promise.reject(new Error('AccessDenied')) })
    const fail = () => api.withCopies({ resumeMultipart }, () => expect(api.copy()).rejects.toThrow('AccessDenied'))
    await api.withLimits({ copyPartBytes: 8 * MIB, copyRunMs: 0 }, async () => {
      await api.copy()
      await fail()
      await api.later(1 * HOUR_MS, () => api.copy())
      await api.later(3 * HOUR_MS, fail)
      await api.later(4 * HOUR_MS, async () => {
        expect(await api.copy()).toMatchObject([{ copied: [copyOf(key)] }, {}])
      })
    })
  })

  it.each<[string, Error?]>([[''], [', even if the abort fails', new Error('AccessDenied')]])(
    'abort the upload that copies an archive which is replaced meanwhile%s',
    async (_, abortError) => {
      const key = keyOf('nightly', 0)
      await api.put(key, LARGE)
      const { copies } = api.services
      const copying = new Set<unknown>()
      const aborted: unknown[] = []
      await api.withCopies(
        {
          resumeMultipart: (...id) => {
            const upload = copies.resumeMultipart(...id)
            return Object.assign(upload, {
              copyPart: () => {
                copying.add(upload)
                return Promise.reject(new ObjectChangedError('archives', key))
              },
              abort: () => {
                aborted.push(upload)
                return abortError === undefined ? Promise.resolve() : Promise.reject(abortError)
              },
            })
          },
        },
        () => expect(api.copy()).rejects.toThrow(new ObjectChangedError('archives', key).message),
      )
      // Only the instance that sends the parts waits for them before it aborts the upload.
      expect(aborted).toEqual([...copying])
      expect(copying.has(aborted[0])).toBe(true)
      expect(await api.stateOf(key)).toMatchObject({ state: 'failed' })
      expect(await api.stateOf(key)).not.toHaveProperty('upload')
    },
  )

  it.each<[string, () => Buffer]>([
    ['small', () => Buffer.alloc(ARCHIVE.length, 1)],
    ['large', () => randomBytes(LARGE.length)],
  ])('are neither made nor replaced if the %s archive cannot be opened', async (size, bytes) => {
    const [damaged, copied] = [keyOf('nightly', 0), keyOf('nightly', 1)]
    for (const key of [damaged, copied]) await api.put(key, size === 'small' ? ARCHIVE : LARGE)
    await api.copy()
    await api.services.objects.delete(TARGET, [copyOf(damaged)])
    for (const key of [damaged, copied]) await api.put(key, bytes())
    await expect(api.copy()).rejects.toThrow(`archive ${damaged}: the archive ${damaged} cannot be opened`)
    expect(await api.services.objects.head(TARGET, copyOf(damaged))).toBeUndefined()
    const kept = await api.services.objects.getBytes(TARGET, copyOf(copied))
    expect(kept?.equals(size === 'small' ? ARCHIVE : LARGE)).toBe(true)
    for (const key of [damaged, copied]) expect(await api.stateOf(key)).toMatchObject({ state: 'failed' })
  })

  it('are neither made nor replaced if a check has found the archive damaged, until a later check passes', async () => {
    const [damaged, replaced] = [keyOf('nightly', 0), keyOf('nightly', 1)]
    await api.put(replaced)
    await api.copy()
    // Flips a bit of a blob, so the archive can still be opened.
    const bytes = Buffer.from(LARGE)
    bytes[10 * MIB] = (bytes[10 * MIB] ?? 0) ^ 1
    const objects = await Promise.all([damaged, replaced].map((key) => api.put(key, bytes)))
    const recordChecks = async (passed: boolean, at: string): Promise<void> => {
      for (const object of objects) await api.services.catalogue.recordCheck(object, { at, job_id: 'check', passed })
    }
    await recordChecks(false, '2026-01-01T00:00:00.000Z')
    await expect(api.copy()).rejects.toThrow(`archive ${damaged}: a check has found the archive ${damaged} damaged`)
    expect(await api.services.objects.head(TARGET, copyOf(damaged))).toBeUndefined()
    expect((await api.services.objects.getBytes(TARGET, copyOf(replaced)))?.equals(ARCHIVE)).toBe(true)
    for (const key of [damaged, replaced]) expect(await api.stateOf(key)).toMatchObject({ state: 'failed' })
    await recordChecks(true, '2026-01-02T00:00:00.000Z')
    expect(await api.copy()).toMatchObject([{ copied: [copyOf(damaged), copyOf(replaced)] }, {}])
  })

  it('are not continued if a check has found the archive damaged, and their uploads are aborted', async () => {
    const key = keyOf('nightly', 0)
    const object = await api.put(key, LARGE)
    await api.withLimits({ copyPartBytes: 16 * MIB, copyRunMs: 0 }, () => api.copy())
    const begun = await api.stateOf(key)
    const upload = begun?.state === 'pending' ? begun.upload?.id : undefined
    expect(await api.openUploads()).toContain(upload)
    const check = { at: '2026-01-01T00:00:00.000Z', job_id: 'check', passed: false }
    await api.services.catalogue.recordCheck(object, check)
    await expect(api.copy()).rejects.toThrow('damaged')
    expect(await api.openUploads()).not.toContain(upload)
    expect(await api.stateOf(key)).toMatchObject({ state: 'failed' })
    expect(await api.stateOf(key)).not.toHaveProperty('upload')
    await api.services.catalogue.recordCheck(object, { ...check, passed: true })
    expect(await api.copy()).toMatchObject([{ copied: [copyOf(key)] }, {}])
  })

  it('are not valid without a checksum and with other bytes, even if neither object can be opened', async () => {
    const key = keyOf('nightly', 0)
    await api.put(key, Buffer.alloc(ARCHIVE.length, 1))
    await api.services.objects.put(TARGET, copyOf(key), Buffer.alloc(ARCHIVE.length, 2))
    await expect(api.copy()).rejects.toThrow('cannot be opened')
    expect(await api.stateOf(key)).toMatchObject({ state: 'failed' })
  })

  it('are no longer shown as made after a check that finds no equal copy', async () => {
    const [key, other] = [keyOf('nightly', 0), keyOf('nightly', 1)]
    for (const one of [key, other]) await api.put(one)
    await api.copy()
    await api.services.objects.delete(TARGET, [copyOf(key), copyOf(other)])
    await api.withLimits({ copyRunMs: 0 }, async () => {
      // A run without time checks no valid copies.
      expect(await api.copy()).toMatchObject([{ checked: 0 }, {}])
    })
    await api.withCopies({ put: (): Promise<never> => Promise.reject(new Error('AccessDenied')) }, () =>
      expect(api.copy()).rejects.toThrow('AccessDenied'),
    )
    for (const one of [key, other]) expect(await api.stateOf(one)).toMatchObject({ state: 'failed' })
  })
})
