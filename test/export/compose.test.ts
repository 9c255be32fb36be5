import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { planCompose } from '../../shared/export/plan-compose.ts'
import { injectFaults } from '../faults/fault-middleware.ts'
import { fill, smallWorld } from '../workflows/small-world.ts'
import { StagedWorkflows } from '../workflows/staged.ts'

describe('the composing of an archive', () => {
  let staged: StagedWorkflows
  beforeAll(async () => {
    staged = await StagedWorkflows.start()
    await fill(staged.outside, smallWorld(staged.services.models))
  })
  afterAll(() => staged.stop())

  it('goes through where another attempt plans it at the same time: one manifest counts', async () => {
    staged.before('plan-compose', async (job_id) => {
      await Promise.all([0, 1, 2].map(() => planCompose({ job_id, round: 0 }, staged.services)))
    })
    expect((await staged.export(['city'])).job).toMatchObject({ status: 'succeeded' })
  })

  it('goes on with its own upload where the plan that names it arrives twice', async () => {
    injectFaults(staged.outside.s3, (_n, command) => (command === 'PutObjectCommand' ? { kind: 'repeat' } : undefined))
    expect((await staged.export(['city'])).job).toMatchObject({ status: 'succeeded' })
  })
})
