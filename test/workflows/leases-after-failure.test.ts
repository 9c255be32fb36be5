import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { fixture, TestProgram } from './program.ts'

const Started = z.object({ job_id: z.string() })
const Job = z.looseObject({ status: z.string(), phase: z.string().optional() })

let test: TestProgram
beforeAll(async () => {
  // Each pass processes one guild. The verification then takes so long that the test can damage the store meanwhile.
  test = await TestProgram.start({ limits: { passMs: 20 } })
})
afterAll(() => test.stop())

describe('a restore that fails after it has written', () => {
  it('can be repeated immediately in the local program: its leases are free when its handlers have returned', async () => {
    const archive = await fixture('catalogue-v3.acbak')
    const { body } = await test.request('POST', '/guild/import?wait=0', archive)
    const { job_id } = Started.parse(body)
    let job = Job.parse(body)
    while (job.phase !== 'verify' && ['queued', 'running'].includes(job.status)) {
      await sleep(5)
      job = Job.parse((await test.request('GET', `/_backup/jobs/${job_id}`)).body)
    }
    await test.removeItems((await test.contents()).items.values())
    while (['queued', 'running'].includes(job.status)) {
      await sleep(50)
      job = Job.parse((await test.request('GET', `/_backup/jobs/${job_id}`)).body)
    }
    expect(job).toMatchObject({ status: 'failed', error: { type: 'verification-failed' } })

    expect(await test.requestAndWait('POST', '/guild/import?wait=25', archive)).toMatchObject({
      status: 200,
      body: { status: 'succeeded', loaded: 12, verification: { passed: true } },
    })
  })
})

describe('a restore whose program was killed before it released the leases', () => {
  it('does not delay the next restore after a restart', async () => {
    const program = await TestProgram.start()
    const archive = await fixture('catalogue-v3.acbak')
    const { body } = await program.requestAndWait('POST', '/guild/import?wait=25', archive)
    const { job_id } = Started.parse(body)
    const { leases, workflows } = program.program.services
    // The program frees the leases of a job after its last handler has returned, which is later than the answer.
    await workflows.ended?.(job_id)
    await leases.take('guild', job_id)
    expect(await program.requestAndWait('POST', '/guild/import?wait=25', archive)).toMatchObject({ status: 409 })
    const again = await program.restart()
    expect(await again.requestAndWait('POST', '/guild/import?wait=25', archive)).toMatchObject({ status: 200 })
    await again.stop()
  })
})
