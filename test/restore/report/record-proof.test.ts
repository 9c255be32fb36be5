import { describe, expect, it } from 'vitest'
import { provesArchive } from '../../../shared/restore/report/record-proof.ts'

type Arguments = Parameters<typeof provesArchive>
const city = { loaded: 3, skipped: 0, total: 3, changed_since: 0 }
const document: Arguments[0] = {
  proved: true,
  models: { city, memo: city },
  blob_conflicts: [],
  missing_blobs: ['declared'],
}
const plan: Arguments[1] = { reads_all_blobs: true, proven_manifest: true, missing_blobs: ['declared', 'other'] }

describe('a restore', () => {
  it('proves its archive if it has restored and compared everything', () => {
    expect(provesArchive(document, plan, 0)).toBe(true)
    expect(provesArchive({ ...document, models: {} }, plan, 0)).toBe(true)
    expect(provesArchive({ ...document, missing_blobs: [] }, plan, 0)).toBe(true)
  })

  it.each<[string, ...Arguments]>([
    ['a check failed or nothing was checked', { ...document, proved: false }, plan, 0],
    ['it has filters or restores only some models', document, { ...plan, reads_all_blobs: false }, 0],
    ['the manifest has no checksum', document, { ...plan, proven_manifest: false }, 0],
    ['it left out a resource', document, plan, 1],
    ['a stored blob has other bytes', { ...document, blob_conflicts: ['flag'] }, plan, 0],
    [
      'a blob is missing that the manifest does not declare as missing',
      { ...document, missing_blobs: ['declared', 'lost'] },
      plan,
      0,
    ],
    ['it skipped a resource', { ...document, models: { city, memo: { ...city, skipped: 1 } } }, plan, 0],
    [
      'another writer changed a resource',
      { ...document, models: { city, memo: { ...city, changed_since: 1 } } },
      plan,
      0,
    ],
  ])('does not prove its archive if %s', (_, ...restore) => {
    expect(provesArchive(...restore)).toBe(false)
  })
})
