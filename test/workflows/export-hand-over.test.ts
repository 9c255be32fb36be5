import { expect, it, vi } from 'vitest'
import { EXPORT_RECORDS } from '../../shared/export/messages.ts'
import { allResults } from '../../shared/jobs/pass.ts'
import { ThrottledError } from '../../shared/throttling/throttled-error.ts'
import { buildBlobs, buildResource, combine, writeToStore } from './sample-store.ts'
import { startRunner } from './start-runner.ts'

const runner = await startRunner()

it('an archive can be restored if a resource is deleted after a throttled pass has read it', async () => {
  const { models, resources } = runner.services
  const country = (id: string) =>
    buildResource(models, { model: 'country', id, payloads: [{ name: id, flag: { file_id: id } }] })
  const city = buildResource(models, { model: 'city', id: 'city', payloads: [{ name: 'city' }] })
  const [kept, deleted] = [country('kept'), country('deleted')]
  const flags = { kept: Buffer.from('kept'), deleted: Buffer.from('deleted') }
  await writeToStore(runner.clients, combine(city, kept, deleted, buildBlobs(flags)))

  const read = resources.resources.bind(resources)
  let isThrottled = false
  vi.spyOn(resources, 'resources').mockImplementation(async function* (model, ...rest) {
    yield* read(model, ...rest)
    if (model !== 'country' || isThrottled) return
    isThrottled = true
    await runner.removeItems(...deleted.items)
    throw new ThrottledError({ service: 'DynamoDB', operation: 'Query' }, 0, undefined)
  })
  // Both models are small, so that one pass reads them. It hands over the first model.
  const { job, archive } = await runner.export(['city', 'country'])
  expect(await allResults(runner.services, job.job_id, EXPORT_RECORDS)).toHaveLength(2)
  await runner.wipe()
  expect(await runner.restore(archive)).toMatchObject({ result: { verification: { passed: true } } })
})
