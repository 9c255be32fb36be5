import { UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { wipe } from '../../../contents.ts'
import { buildResource, writeToStore } from '../../../workflows/sample-store.ts'
import { MODELS, type DeployedTest } from '../deployed-test.ts'
import type { Answer } from '../deployment-client.ts'

const HOUR_MS = 3_600_000

/** Jobs that fail, are stopped or are cancelled. */
export const failures = (test: DeployedTest): void => {
  it('keeps the lease of a running restore whose workers have not renewed it', async () => {
    let other: Answer | undefined
    const from = { job_id: test.fullExport.body.job_id }
    test.deployment.before('preflight', async () => {
      await test.clients.dynamo.send(
        new UpdateItemCommand({
          TableName: test.clients.config.tables.jobs,
          Key: { pk: { S: 'lease#country' }, sk: { S: 'lease' } },
          UpdateExpression: 'SET lease_until = :expired',
          ExpressionAttributeValues: { ':expired': { N: String(Date.now() - HOUR_MS) } },
        }),
      )
      other = await test.api.request('POST', '/country/import?wait=25', { from })
    })
    const restored = await test.api.request('POST', '/country/import?wait=25', { from })
    expect(restored).toMatchObject({ status: 200, body: { verification: { passed: true } } })
    expect(other).toMatchObject({ status: 409, body: { type: 'restore-running', job_id: other?.body.job_id } })
  })

  it('rolls back a restore if another writer creates the same resource', async () => {
    await wipe(test.clients)
    const theirs = buildResource(MODELS, { model: 'memo', id: 'n', payloads: [{ text: 'theirs' }] })
    test.deployment.before('apply-records', () => writeToStore(test.clients, theirs))
    const answer = await test.api.request('POST', '/_backup/import?on_duplicate=raise_error&wait=25', {
      from: { job_id: test.fullExport.body.job_id },
    })
    expect(answer).toMatchObject({ status: 409, body: { type: 'conflict' } })
  })

  it('fails an export if a blob is missing', async () => {
    const gone = buildResource(MODELS, {
      model: 'memo',
      id: 'gone',
      payloads: [{ text: 'x', sound: { file_id: 'nowhere' } }],
    })
    await writeToStore(test.clients, gone)
    expect(await test.api.request('GET', '/memo/export?wait=25')).toMatchObject({
      status: 409,
      body: { type: 'blobs-missing' },
    })
  })

  it('ends jobs whose executions were stopped, and cancels running jobs', async () => {
    const { engine } = test.deployment.aws
    test.deployment.aws.engine = undefined
    const stuck = await test.api.request('GET', '/country/export?wait=0')
    await test.api.upload('overwrite/_all/stuck.acbak', Buffer.from('not an archive'))
    const restore = test.deployment.aws.started.at(-1) ?? ''
    const check = await test.api.request('POST', '/_backup/check?wait=0', {
      from: { job_id: test.fullExport.body.job_id },
    })
    test.deployment.aws.engine = engine
    expect(await test.api.request('POST', `/_backup/jobs/${check.body.job_id}/cancel`)).toMatchObject({
      status: 200,
      body: { kind: 'check', status: 'cancelled' },
    })
    for (const name of [stuck.body.job_id, restore]) {
      await test.api.invoke('end-stopped', { detail: { name, status: 'ABORTED' } })
      expect(await test.api.request('GET', `/_backup/jobs/${name}`)).toMatchObject({ body: { status: 'failed' } })
    }
    const cancelled = Promise.withResolvers<Answer>()
    test.deployment.before('plan-export', async () => {
      const [name = ''] = test.deployment.aws.started.slice(-1)
      test.api.request('POST', `/_backup/jobs/${name}/cancel`).then(cancelled.resolve, cancelled.reject)
      await sleep(500)
    })
    await test.api.request('GET', '/country/export?wait=0')
    expect(await cancelled.promise).toMatchObject({ status: 200, body: { status: 'cancelled' } })
    await test.api.upload('overwrite/planet/x.acbak', Buffer.from('of an unknown model'))
    const failureReport = await test.api.getObject(
      'overwrite/planet/x.acbak.report.json',
      test.clients.config.buckets.restores,
    )
    expect(JSON.parse(failureReport.toString())).toMatchObject({ error: { type: 'unknown-model' } })
    const waiting = await test.api.request('POST', '/memo/import?ids=m&dry_run=true&wait=25', {
      from: { job_id: test.fullExport.body.job_id },
    })
    expect(waiting).toMatchObject({ status: 200 })
  })
}
