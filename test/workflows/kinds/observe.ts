import { PutObjectCommand } from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import type { Filters } from '../../../shared/filters/filters.ts'
import type { RestoreJob } from '../../../shared/jobs/job.ts'
import type { RestoreRequest } from '../../../shared/jobs/job-request.ts'
import { problemOf } from '../../../shared/problems/problem.ts'
import { stableContents, type StoreContents } from '../../contents.ts'
import { type StoreData, writeToStore } from '../sample-store.ts'
import { JobFailedError, type WorkflowRunner } from '../workflow-runner.ts'
import type { BrokenStore } from './broken-stores.ts'
import { findingsText, jobText, NONE, type Outcomes, problemText, verificationText } from './outcome.ts'

type RestoreOutcomes = Pick<Outcomes, 'dryRun' | 'restore' | 'lenientRestore' | 'verification'>

/** Exports a broken store, and restores the archive of the lenient export into an empty store. */
export const observeStore = async (
  runner: WorkflowRunner,
  sound: StoreData,
  { items, objects = [], ids }: BrokenStore,
): Promise<Outcomes> => {
  const { clients, services } = runner
  await writeToStore(clients, sound)
  await runner.putItems(...items(services.models))
  for (const object of objects)
    await clients.s3.send(new PutObjectCommand({ Bucket: clients.config.buckets.blobs, ...object }))
  const filters = ids === undefined ? {} : { ids }
  const before = await runner.contents()
  const { text: strictExport } = await observeExport(runner, filters, true)
  const { text: lenientExport, archive } = await observeExport(runner, filters, false)
  await runner.wipe()
  const restores =
    archive === undefined
      ? { dryRun: NONE, restore: NONE, lenientRestore: NONE, verification: NONE }
      : await observeRestores(runner, archive, { filters }, (restored) => {
          if (ids !== undefined) return
          expectNoSilentLoss(restored, { before, sound, isWhole: lenientExport === 'succeeded' })
        })
  return { strictExport, lenientExport, ...restores }
}

/**
 * Expects that the restored items are those of the store, and that all sound resources are among them. If the export
 * lists nothing (`isWhole`), expects all items and all objects to which they refer.
 */
const expectNoSilentLoss = (
  restored: StoreContents,
  { before, sound, isWhole }: { before: StoreContents; sound: StoreData; isWhole: boolean },
): void => {
  const { items, objects } = stableContents(restored)
  const stored = stableContents(before)
  expect(stored.items).toEqual(expect.arrayContaining(items))
  expect(stored.objects).toEqual(expect.arrayContaining(objects))
  if (isWhole) expect(items).toEqual(stored.items)
  for (const { pk, sk } of sound.items) expect(restored.items.has(`${pk?.S ?? ''} ${sk?.S ?? ''}`)).toBe(true)
  for (const key of sound.objects.keys()) expect(restored.objects.has(key)).toBe(true)
}

const observeExport = async (
  runner: WorkflowRunner,
  filters: Filters,
  strict: boolean,
): Promise<{ readonly text: string; readonly archive?: Buffer }> => {
  try {
    const { job, archive } = await runner.export(runner.services.models.names, filters, strict)
    return { text: jobText(job), archive }
  } catch (error) {
    if (error instanceof JobFailedError && error.error !== undefined) return { text: problemText(error.error) }
    throw error
  }
}

/**
 * Restores an archive into an empty store: as a dry run, with `strict=true` and with `strict=false`. Expects that each
 * dry run has the findings of the restore, and that no verification fails. `check` receives the restored contents.
 */
export const observeRestores = async (
  runner: WorkflowRunner,
  archive: Buffer,
  request: Partial<RestoreRequest> = {},
  check: (restored: StoreContents) => void = () => undefined,
): Promise<RestoreOutcomes> => {
  const strict = await observeRestore(runner, archive, { ...request, strict: true }, check)
  const lenient = await observeRestore(runner, archive, { ...request, strict: false }, check)
  const verified = [strict.verification, lenient.verification].filter((text) => text !== NONE)
  return {
    dryRun: strict.dryRun,
    restore: strict.restore,
    lenientRestore: lenient.restore,
    verification: [...new Set(verified)].join('; ') || NONE,
  }
}

interface RestoreOutcome {
  readonly text: string
  readonly findings: string
  readonly failed: boolean
  readonly verification: string
}

const observeRestore = async (
  runner: WorkflowRunner,
  archive: Buffer,
  request: Partial<RestoreRequest>,
  check: (restored: StoreContents) => void,
): Promise<{ dryRun: string; restore: string; verification: string }> => {
  const dryRun = await restoreOutcome(runner, archive, { ...request, dry_run: true })
  await expectEmpty(runner)
  const restored = await restoreOutcome(runner, archive, request)
  if (restored.failed) await expectEmpty(runner)
  else check(await runner.contents())
  await runner.freeLeases()
  await runner.wipe()
  expect(dryRun.findings).toBe(restored.findings)
  expect(restored.verification).not.toBe('failed')
  return { dryRun: dryRun.text, restore: restored.text, verification: restored.verification }
}

const expectEmpty = async (runner: WorkflowRunner): Promise<void> => {
  expect(stableContents(await runner.contents())).toEqual({ items: [], objects: [] })
}

const restoreOutcome = async (
  runner: WorkflowRunner,
  archive: Buffer,
  request: Partial<RestoreRequest>,
): Promise<RestoreOutcome> => {
  let job: RestoreJob
  try {
    job = await runner.restore(archive, request)
  } catch (error) {
    const text = problemText(problemOf(error))
    return { text, findings: text, failed: true, verification: NONE }
  }
  return {
    text: jobText(job),
    findings: findingsText(job),
    failed: job.error !== undefined,
    verification: verificationText(job),
  }
}
