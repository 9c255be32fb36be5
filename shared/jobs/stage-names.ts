/** The names of all stages. `functions/stages.ts` has one row for each name. */
export const EXPORT_STAGE_NAMES = [
  'plan-export',
  'export-records',
  'plan-export-blobs',
  'export-blobs',
  'plan-compose',
  'compose-parts',
  'finish-compose',
  'account-items',
  'announce',
  'fail-export',
] as const
export const RESTORE_STAGE_NAMES = [
  'convert',
  'inspect',
  'preflight',
  'plan-preflight-blobs',
  'preflight-blobs',
  'decide',
  'apply-blobs',
  'plan-apply-records',
  'apply-records',
  'plan-verify',
  'verify',
  'report',
  'plan-rollback',
  'rollback',
  'fail-restore',
] as const

/**
 * The stages of a check. They are those stages of a restore that read the archive.
 * `functions/workflows/check.workflow.ts` runs them in the same order.
 */
export const CHECK_STAGE_NAMES = [
  'convert',
  'inspect',
  'preflight',
  'plan-preflight-blobs',
  'preflight-blobs',
  'decide',
  'report',
  'fail-restore',
] as const satisfies readonly RestoreStage[]

export type ExportStage = (typeof EXPORT_STAGE_NAMES)[number]
export type RestoreStage = (typeof RESTORE_STAGE_NAMES)[number]
export type CheckStage = (typeof CHECK_STAGE_NAMES)[number]
export type StageName = ExportStage | RestoreStage
