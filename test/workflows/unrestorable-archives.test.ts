import { afterEach, describe, expect, it } from 'vitest'
import type { Item } from '../../shared/tables/item.ts'
import { stableContents } from '../contents.ts'
import { craftItems } from '../archive/craft.ts'
import {
  archiveWithBadCity,
  badCity,
  cityNamed,
  SOUND_CITIES,
  soundCities,
  UNRESTORABLE_ARCHIVED,
} from './kinds/unrestorable-archived.ts'
import { linesAt, linesOfList } from './unrestorable-list.ts'
import { buildResource } from './sample-store.ts'
import { startRunner } from './start-runner.ts'

const runner = await startRunner()
afterEach(() => runner.wipe())

const city = (id: string, ...names: string[]): Item[] => cityNamed(runner.services.models, id, ...names)

describe('a resource of an archive that cannot be restored', () => {
  it.each(UNRESTORABLE_ARCHIVED)(
    'because $what fails a strict restore, and is left out with strict=false',
    async ({ change, reason }) => {
      const { models } = runner.services
      const archive = archiveWithBadCity(models, change)
      const listed = { count: 1, resources: [{ model: 'city', reason: expect.stringContaining(reason) as unknown }] }
      const empty = await runner.contents()
      for (const dry_run of [true, false])
        expect((await runner.restore(archive, { dry_run })).error).toMatchObject({
          type: 'archive-invalid',
          status: 400,
          detail: expect.stringMatching(
            /1 resource cannot be restored: .* of model city .*line \d+ of entry/,
          ) as unknown,
          unrestorable_resources: listed,
        })
      expect(await runner.contents()).toEqual(empty)

      expect(await runner.restore(archive, { strict: false, dry_run: true })).toMatchObject({
        result: { left_out: listed, dry_run: { models: { city: { new: SOUND_CITIES.length } } } },
      })
      const restored = await runner.restore(archive, { strict: false })
      expect(restored).toMatchObject({ status: 'partial', result: { left_out: listed } })
      expect(await runner.readReport(restored)).toMatchObject({
        passed: true,
        left_out: listed,
        models: { city: { loaded: SOUND_CITIES.length, skipped: 0, total: SOUND_CITIES.length } },
      })
      const lenient = stableContents(await runner.contents())
      await runner.wipe()
      await runner.restore(craftItems('city', soundCities(runner.services.models)))
      expect(lenient).toEqual(stableContents(await runner.contents()))
    },
  )

  it('is in the list to which the error of a strict restore refers, even if the error contains fewer resources', async () => {
    const ids = Array.from({ length: 150 }, (_, k) => `${k}`.padEnd(200, 'x'))
    const archive = craftItems(
      'city',
      ids.map((id) => city(id, 'A').slice(0, 1)),
    )
    const { error } = await runner.restore(archive)
    expect(error).toMatchObject({ type: 'archive-invalid', unrestorable_resources: { count: 150 } })
    expect(Buffer.byteLength(JSON.stringify(error))).toBeLessThan(20 * 1024)
    const lines = await linesOfList(runner, error)
    expect(lines.map(({ resource_id }) => resource_id).sort()).toEqual(ids.toSorted())
  })

  it('is counted once if the archive contains several faulty records of it and no metadata', async () => {
    const { models } = runner.services
    const archive = craftItems('city', [
      ...soundCities(models),
      badCity(models, ([, ...revisions]) => revisions.map((revision) => ({ ...revision, tags: { SS: [] } }))),
    ])
    expect(await runner.restore(archive)).toMatchObject({ error: { unrestorable_resources: { count: 1 } } })
    expect(await runner.restore(archive, { strict: false, dry_run: true })).toMatchObject({
      result: { left_out: { count: 1 } },
    })
    expect(await runner.restore(archive, { strict: false })).toMatchObject({
      status: 'partial',
      result: { left_out: { count: 1, resources: [{ resource_id: 'bad' }] } },
    })
  })

  describe('if a faulty revision is elsewhere than its resource', () => {
    const stray = (id: string): Item => ({
      ...city(id, 'Stray')[1],
      sk: { S: `${'0'.repeat(15)}1/${id}/0000000009/-` },
    })
    const reason = expect.stringMatching(
      /^this revision is left out, because it does not follow the metadata of its resource: .*line \d+ of entry/,
    ) as unknown

    it('lists the revision with its resource, and restores the resource without it', async () => {
      const { models } = runner.services
      const archive = craftItems('city', [...soundCities(models), [stray('a')]])
      const left_out = {
        count: 1,
        resources: [{ model: 'city', resource_id: 'a', key: { sk: stray('a')['sk']?.S }, reason }],
      }
      expect(await runner.restore(archive)).toMatchObject({
        error: { type: 'archive-invalid', unrestorable_resources: left_out },
      })
      expect((await runner.contents()).items.size).toBe(0)
      const counts = { new: SOUND_CITIES.length, changed: 0, same: 0, target_only: 0 }
      expect(await runner.restore(archive, { strict: false, dry_run: true })).toMatchObject({
        status: 'partial',
        result: { left_out, dry_run: { models: { city: counts } } },
      })
      const restored = await runner.restore(archive, { strict: false })
      expect(restored).toMatchObject({
        status: 'partial',
        result: { left_out, models: { city: { loaded: SOUND_CITIES.length } }, verification: { passed: true } },
      })
      const contents = stableContents(await runner.contents())
      await runner.wipe()
      await runner.restore(craftItems('city', soundCities(models)))
      expect(contents).toEqual(stableContents(await runner.contents()))
    })

    it('lists the fault of the resource instead if the resource is left out too', async () => {
      const { models } = runner.services
      const bad = badCity(models, ([metadata]) => [metadata])
      const archive = craftItems('city', [...soundCities(models), bad, [stray('bad')]])
      expect(await runner.restore(archive, { strict: false })).toMatchObject({
        result: {
          left_out: {
            count: 1,
            resources: [{ resource_id: 'bad', reason: expect.stringContaining('current revision') as unknown }],
          },
          models: { city: { loaded: SOUND_CITIES.length } },
        },
      })
    })
  })

  it.each(UNRESTORABLE_ARCHIVED.filter(({ reason }) => reason !== 'contains "/"'))(
    'because $what is not a resource that only the store has',
    async ({ change }) => {
      const { models } = runner.services
      await runner.putItems(...city('bad', 'Stored'), ...city('other', 'Stored'))
      const archive = archiveWithBadCity(models, change)
      const request = { strict: false, dry_run: true }
      const counts = { new: SOUND_CITIES.length, changed: 0, same: 0, target_only: 1 }
      expect(await runner.restore(archive, request)).toMatchObject({
        result: { dry_run: { models: { city: counts } } },
      })
      await runner.removeItems(...city('bad', 'Stored').slice(1))
      expect(await runner.restore(archive, request)).toMatchObject({
        result: { dry_run: { models: { city: counts } } },
      })
    },
  )

  it.each(UNRESTORABLE_ARCHIVED.filter(({ reason }) => reason !== 'contains "/"'))(
    'because $what is found by its id',
    async ({ change }) => {
      const archive = archiveWithBadCity(runner.services.models, change)
      const { result } = await runner.restore(archive, { strict: false, filters: { ids: ['bad'] } })
      expect(result).not.toHaveProperty('not_found')
    },
  )

  it('does not make a restore fail whose ids or filters exclude it, even if the restore is strict', async () => {
    for (const { change } of UNRESTORABLE_ARCHIVED) {
      const archive = archiveWithBadCity(runner.services.models, change)
      expect(await runner.restore(archive, { filters: { ids: ['a', 'f'] } })).toMatchObject({
        status: 'succeeded',
        result: { models: { city: { loaded: 2 } } },
      })
    }
  })

  it('does not fail the verification if another resource refers to it', async () => {
    const { models } = runner.services
    const country = (id: string, borders: string[]): Item[] => [
      ...buildResource(models, { model: 'country', id, payloads: [{ name: id, borders }] }).items,
    ]
    const archive = craftItems('country', [country('a', ['bad']), country('bad', []).slice(0, 1)])
    const restored = await runner.restore(archive, { strict: false })
    expect(restored).toMatchObject({ status: 'partial', result: { left_out: { count: 1 } } })
    expect(await runner.readReport(restored)).toMatchObject({
      passed: true,
      checks: {
        references: { findings: [{ what: 'reference borders to country: cannot be restored and was left out' }] },
      },
    })
  })

  it('leaves the stored resource untouched under overwrite', async () => {
    await runner.putItems(...city('bad', 'Stored'))
    const before = await runner.contents()
    const archive = craftItems('city', [badCity(runner.services.models, ([metadata, first]) => [metadata, first])])
    expect(await runner.restore(archive, { strict: false, on_duplicate: 'overwrite' })).toMatchObject({
      status: 'partial',
      result: { models: { city: { loaded: 0 } }, left_out: { count: 1 } },
    })
    expect(await runner.contents()).toEqual(before)
  })

  it('does not change raise_error: a restore with a sound duplicate is still rejected', async () => {
    await runner.putItems(...city('a', 'Stored'))
    const archive = craftItems('city', [
      ...soundCities(runner.services.models),
      badCity(runner.services.models, ([metadata]) => [metadata]),
    ])
    expect((await runner.restore(archive, { strict: false, on_duplicate: 'raise_error' })).error).toMatchObject({
      type: 'duplicates',
      duplicates: { count: 1, ids: ['a'] },
    })
  })

  it('is counted; the first 100 of all such resources are listed', async () => {
    const many = Array.from({ length: 150 }, (_, k) => city(`bad-${k}`, 'Bad').slice(0, 1))
    const archive = craftItems('city', [...soundCities(runner.services.models), ...many])
    const error = (await runner.restore(archive)).error
    expect(error).toMatchObject({ unrestorable_resources: { count: 150 } })
    const { unrestorable_resources } = error as unknown as { unrestorable_resources: { resources: unknown[] } }
    expect(unrestorable_resources.resources.length).toBeLessThanOrEqual(100)
    expect(Buffer.byteLength(JSON.stringify(unrestorable_resources))).toBeLessThanOrEqual(16 * 1024)
    const restored = await runner.restore(archive, { strict: false })
    expect(restored).toMatchObject({ status: 'partial', result: { left_out: { count: 150 } } })
    expect((await runner.readReport(restored))?.left_out?.resources).toHaveLength(150)
  })

  it('is in the list of all resources that a lenient restore or its dry run leaves out', async () => {
    const many = Array.from({ length: 150 }, (_, k) => city(`bad-${k}`, 'Bad').slice(0, 1))
    const archive = craftItems('city', [...soundCities(runner.services.models), ...many])
    for (const dry_run of [true, false]) {
      const job = await runner.restore(archive, { strict: false, dry_run })
      const list = job.result?.left_out?.list
      expect(list?.key).toBe(`reports/${job.job_id}.unrestorable.jsonl`)
      const ids = (await linesAt(runner, list)).map(({ resource_id }) => resource_id)
      expect(ids.sort()).toEqual(many.map((_, k) => `bad-${k}`).sort())
      if (!dry_run) expect((await runner.readReport(job))?.left_out?.list).toEqual(list)
    }
    const sound = await runner.restore(craftItems('city', soundCities(runner.services.models)), { strict: false })
    expect(sound.result).not.toHaveProperty('left_out')
  })

  it('does not let strict=false weaken checksums', async () => {
    const archive = craftItems('city', soundCities(runner.services.models))
    const at = archive.indexOf('models/city/s-00000.jsonl.zst') + 512 + 20
    archive[at] = (archive[at] ?? 0) ^ 1
    expect((await runner.restore(archive, { strict: false })).error).toMatchObject({ type: 'entry-corrupt' })
  })
})
