import { CHECK_STAGE_NAMES, type ExportStage, type RestoreStage, type StageName } from '../shared/jobs/stage-names.ts'
import { type FunctionSpec, SIZES } from './function-spec.ts'
import {
  ABORT_EXPORT,
  ARCHIVE_KEYS,
  BLOB_KEYS,
  CHECK_SHARDS,
  combine,
  COMPOSE_WORK,
  END_JOB,
  FAIL_JOB,
  FIND_ARCHIVE,
  FIND_BLOBS,
  FIND_WORK,
  PAYLOAD_KEYS,
  PLAN_MAP,
  READ_ARCHIVE,
  READ_BLOBS,
  READ_PAYLOADS,
  READ_WORK,
  END_RESTORE,
  STORE_RESULT,
  UPDATE_JOB,
  WRITE_REPORT,
  WRITE_UPLOAD_REPORT,
  WRITE_WORK,
} from './permissions.ts'

interface StageSpec<Name extends StageName> extends FunctionSpec {
  readonly name: Name
}

/**
 * The stages of an export. The function of a stage, its file, its results and the phase of the job all have the name of
 * the stage. Its state in the workflow has the same name in PascalCase.
 * `workflows/export.workflow.ts` defines the order in which the stages run.
 */
export const EXPORT_STAGES = [
  {
    name: 'plan-export',
    file: 'export/plan-export.ts',
    size: SIZES.planner,
    permissions: combine(CHECK_SHARDS, {
      work: [FIND_WORK, WRITE_WORK],
      checksStores: ['resource_table', 'blob_bucket'],
    }),
  },
  {
    name: 'export-records',
    file: 'export/export-records.ts',
    size: SIZES.worker,
    permissions: {
      jobs: UPDATE_JOB,
      resources: ['Query', 'GetItem', 'BatchGetItem'],
      blobs: [READ_PAYLOADS],
      work: [READ_WORK, COMPOSE_WORK],
    },
  },
  {
    name: 'plan-export-blobs',
    file: 'export/plan-export-blobs.ts',
    size: SIZES.planner,
    permissions: {
      jobs: [...PLAN_MAP, 'GetItem'],
      // The stage reads the sizes of a sample of the blobs.
      blobs: [FIND_BLOBS],
      work: [FIND_WORK, WRITE_WORK],
      archives: [WRITE_REPORT],
    },
  },
  {
    name: 'export-blobs',
    file: 'export/export-blobs.ts',
    size: SIZES.worker,
    permissions: { jobs: UPDATE_JOB, blobs: [READ_BLOBS], work: [FIND_WORK, COMPOSE_WORK] },
  },
  {
    name: 'plan-compose',
    file: 'export/plan-compose.ts',
    size: SIZES.planner,
    permissions: {
      jobs: [...PLAN_MAP, 'GetItem'],
      work: [FIND_WORK, COMPOSE_WORK],
      archives: [{ actions: ['PutObject', 'AbortMultipartUpload'], keys: ARCHIVE_KEYS }],
    },
  },
  {
    name: 'compose-parts',
    file: 'export/compose-parts.ts',
    size: SIZES.planner,
    permissions: {
      jobs: UPDATE_JOB,
      work: [FIND_WORK, COMPOSE_WORK],
      archives: [{ actions: ['PutObject'], keys: ARCHIVE_KEYS }],
    },
  },
  {
    name: 'finish-compose',
    file: 'export/finish-compose.ts',
    size: SIZES.planner,
    permissions: {
      jobs: [...STORE_RESULT, 'Query'],
      work: [FIND_WORK],
      archives: [{ actions: ['PutObject', 'GetObject', 'GetObjectVersion', 'ListBucket'], keys: ARCHIVE_KEYS }],
    },
  },
  {
    name: 'account-items',
    file: 'export/account-items.ts',
    size: SIZES.worker,
    permissions: {
      jobs: [...UPDATE_JOB, 'Query'],
      resources: ['Scan', 'BatchGetItem'],
      work: [READ_WORK, COMPOSE_WORK],
    },
  },
  {
    name: 'announce',
    file: 'export/announce.ts',
    size: SIZES.planner,
    permissions: {
      // The stage adds the archive to the catalogue. For a scheduled export, it also lists the archives of the
      // schedule, and reads and stores their judgements.
      jobs: [...END_JOB, 'PutItem', 'Query'],
      publishesEvents: true,
      work: [READ_WORK],
      archives: [{ actions: ['GetObject', 'GetObjectVersion', 'ListBucket'], keys: ARCHIVE_KEYS }],
    },
  },
  {
    name: 'fail-export',
    file: 'export/fail-export.ts',
    size: SIZES.planner,
    permissions: combine(ABORT_EXPORT, { jobs: FAIL_JOB, publishesEvents: true }),
  },
] as const satisfies readonly StageSpec<ExportStage>[]

/** The stages of a restore. `workflows/restore.workflow.ts` defines the order in which they run. */
export const RESTORE_STAGES = [
  {
    name: 'convert',
    file: 'restore/convert.ts',
    size: SIZES.worker,
    permissions: combine(FIND_ARCHIVE, { jobs: [...UPDATE_JOB, 'Query'], work: [FIND_WORK, COMPOSE_WORK] }),
  },
  {
    name: 'inspect',
    file: 'restore/inspect.ts',
    size: SIZES.planner,
    // An upload that waits for its turn lists the active jobs, which also removes entries of jobs that have ended.
    permissions: combine(FIND_ARCHIVE, {
      jobs: [...UPDATE_JOB, 'Query', 'BatchGetItem', 'DeleteItem'],
      resources: ['Query', 'Scan'],
      work: [FIND_WORK, WRITE_WORK],
      restores: WRITE_UPLOAD_REPORT,
      checksStores: ['resource_table', 'blob_bucket', 'restore_bucket'],
      // A lease that was not renewed passes to another restore only if the execution of its holder has ended.
      readsWorkflows: ['restore'],
    }),
  },
  {
    name: 'preflight',
    file: 'restore/preflight.ts',
    size: SIZES.worker,
    permissions: combine(READ_ARCHIVE, {
      jobs: UPDATE_JOB,
      resources: ['Query', 'GetItem', 'BatchGetItem'],
      blobs: [READ_PAYLOADS],
      work: [READ_WORK, WRITE_WORK],
    }),
  },
  {
    name: 'plan-preflight-blobs',
    file: 'restore/plan-preflight-blobs.ts',
    size: SIZES.planner,
    permissions: combine(READ_ARCHIVE, {
      jobs: [...PLAN_MAP, 'GetItem'],
      work: [FIND_WORK, WRITE_WORK],
      archives: [WRITE_REPORT],
    }),
  },
  {
    name: 'preflight-blobs',
    file: 'restore/preflight-blobs.ts',
    size: SIZES.worker,
    permissions: combine(READ_ARCHIVE, { jobs: UPDATE_JOB, blobs: [READ_BLOBS], work: [FIND_WORK, WRITE_WORK] }),
  },
  {
    name: 'decide',
    file: 'restore/decide.ts',
    size: SIZES.planner,
    permissions: combine(READ_ARCHIVE, { jobs: [...PLAN_MAP, 'GetItem'], work: [READ_WORK, WRITE_WORK] }),
  },
  {
    name: 'apply-blobs',
    file: 'restore/apply-blobs.ts',
    size: SIZES.worker,
    permissions: combine(READ_ARCHIVE, {
      jobs: UPDATE_JOB,
      blobs: [READ_BLOBS, { actions: ['PutObject', 'AbortMultipartUpload'], keys: BLOB_KEYS }],
      work: [READ_WORK, WRITE_WORK],
    }),
  },
  {
    name: 'plan-apply-records',
    file: 'restore/plan-apply-records.ts',
    size: SIZES.planner,
    permissions: { jobs: PLAN_MAP, work: [WRITE_WORK] },
  },
  {
    name: 'apply-records',
    file: 'restore/apply-records.ts',
    size: SIZES.worker,
    permissions: combine(READ_ARCHIVE, {
      jobs: UPDATE_JOB,
      resources: ['Query', 'GetItem', 'PutItem', 'BatchWriteItem', 'DeleteItem'],
      blobs: [READ_PAYLOADS, { actions: ['PutObject'], keys: PAYLOAD_KEYS }],
      work: [READ_WORK, WRITE_WORK],
    }),
  },
  {
    name: 'plan-verify',
    file: 'restore/plan-verify.ts',
    size: SIZES.planner,
    permissions: { jobs: PLAN_MAP, work: [READ_WORK, WRITE_WORK] },
  },
  {
    name: 'verify',
    file: 'restore/verify.ts',
    size: SIZES.worker,
    permissions: combine(READ_ARCHIVE, {
      jobs: [...UPDATE_JOB, 'Query'],
      resources: ['Query', 'GetItem', 'BatchGetItem'],
      blobs: [READ_BLOBS],
      work: [READ_WORK, WRITE_WORK],
    }),
  },
  {
    name: 'report',
    file: 'restore/report.ts',
    size: SIZES.planner,
    permissions: combine(READ_ARCHIVE, {
      jobs: FAIL_JOB,
      publishesEvents: true,
      work: [READ_WORK, WRITE_WORK],
      archives: [WRITE_REPORT],
      restores: WRITE_UPLOAD_REPORT,
    }),
  },
  {
    name: 'rollback',
    file: 'restore/rollback.ts',
    size: SIZES.worker,
    permissions: combine(READ_ARCHIVE, {
      jobs: UPDATE_JOB,
      resources: ['Query', 'GetItem', 'DeleteItem'],
      work: [READ_WORK],
    }),
  },
  {
    name: 'plan-rollback',
    file: 'restore/plan-rollback.ts',
    size: SIZES.planner,
    permissions: { jobs: UPDATE_JOB, work: [READ_WORK] },
  },
  {
    name: 'fail-restore',
    file: 'restore/fail-restore.ts',
    size: SIZES.planner,
    permissions: combine(END_RESTORE, { jobs: FAIL_JOB, publishesEvents: true }),
  },
] as const satisfies readonly StageSpec<RestoreStage>[]

/**
 * The stages of a check, which are functions of a restore. `workflows/check.workflow.ts` defines the order in which
 * they run.
 */
export const CHECK_STAGES = CHECK_STAGE_NAMES.map((name) => ({ name }))
