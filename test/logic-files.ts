/**
 * Files whose decisions affect data and need no I/O. `npm run test:branches` requires that unit tests cover every
 * branch of them; `npm run test:mutation` requires that unit tests detect changes to them.
 */
export const LOGIC_FILES = [
  'shared/values/*.ts',
  'shared/archive/*.ts',
  'shared/objects/part-layout.ts',
  'shared/blobs/{blob-name,blob-properties,content-type,property-differences,stored-properties}.ts',
  'shared/compose/compose-plan.ts',
  'shared/restore/{apply/blob-runs,convert/complete-resources,checks/findings,extents/bit-list,target/target-join}.ts',
  'shared/resources/*.ts',
  'shared/filters/**/*.ts',
  'shared/specstar/{archive-resources,current-resources,proposal,msgpack-reader,msgpack-writer,propose-models,resource-records,revision-owner}.ts',
  'shared/schedules/{archive-judgement,archive-scope,judge-archive,prune-plan}.ts',
  'shared/specstar/{record-map,stream-frame,stream-order,stream-reader,stream-record,stream-window,timestamp}.ts',
]
