import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { planCompose } from '../../shared/export/plan-compose.ts'
import { injectFaults } from '../faults/fault-middleware.ts'
import { fill, smallWorld } from '../workflows/small-world.ts'
import { StagedWorkflows } from '../workflows/staged.ts'

describe('composing an archive', () => {
  let staged: StagedWorkflows
  beforeAll(async () => {
    staged = await StagedWorkflows.start()
    await fill(staged.outside, smallWorld(staged.services.models))
  })
  afterAll(() => staged.stop())

  it('uses one manifest if several attempts plan it at the same time', async () => {
    staged.before('plan-compose', async (job_id) => {
      await Promise.all([0, 1, 2].map(() => planCompose({ job_id, round: 0 }, staged.services)))
    })
    expect((await staged.export(['city'])).job).toMatchObject({ status: 'succeeded' })
  })

  it('continues with its own upload if the write of its plan is repeated', async () => {
    injectFaults(staged.outside.s3, (_n, command) => (command === 'PutObjectCommand' ? { kind: 'repeat' } : undefined))
    expect((await staged.export(['city'])).job).toMatchObject({ status: 'succeeded' })
  })
})
