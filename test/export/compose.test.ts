import { describe, expect, it } from 'vitest'
import { planCompose } from '../../shared/export/plan-compose.ts'
import { injectFaults } from '../faults/fault-middleware.ts'
import { startRunnerWithSample } from '../workflows/start-runner.ts'

const runner = await startRunnerWithSample()

describe('composing an archive', () => {
  it('uses one manifest if several attempts plan it at the same time', async () => {
    runner.beforeStage('plan-compose', async (job_id) => {
      await Promise.all([0, 1, 2].map(() => planCompose({ job_id, round: 0 }, runner.services)))
    })
    expect((await runner.export(['city'])).job).toMatchObject({ status: 'succeeded' })
  })

  it('continues with its own upload if the write of its plan is repeated', async () => {
    injectFaults(runner.clients.s3, (_n, command) => (command === 'PutObjectCommand' ? { kind: 'repeat' } : undefined))
    expect((await runner.export(['city'])).job).toMatchObject({ status: 'succeeded' })
  })
})
