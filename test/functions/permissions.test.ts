import { expect, it } from 'vitest'
import type { FunctionSpec } from '../../functions/function-spec.ts'
import { EXPORT_STAGES, RESTORE_STAGES } from '../../functions/stages.ts'

it('every stage that writes a list of unlimited length next to the reports may abort its upload', () => {
  const stages: readonly Pick<FunctionSpec, 'name' | 'permissions'>[] = [...EXPORT_STAGES, ...RESTORE_STAGES]
  const onReports = stages.flatMap(({ name, permissions: { archives = [] } }) =>
    archives.filter(({ keys }) => keys.includes('reports/*')).map(({ actions }) => [name, actions]),
  )
  const both = expect.arrayContaining(['PutObject', 'AbortMultipartUpload']) as unknown
  expect(onReports).toEqual([
    ['plan-export-blobs', both],
    ['plan-preflight-blobs', both],
    ['report', both],
  ])
})
