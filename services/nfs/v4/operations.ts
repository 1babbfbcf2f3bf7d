/** Which work each NFSv4 operation is. RFC 7530 §16, RFC 8881 §18. */
import type { Operation } from '../../../src/wire/nfs4.ts'
import type { Act4 } from './compound.ts'
import { create, link, remove, rename, setattr } from './change.ts'
import { close, openConfirm, openDowngrade } from './close.ts'
import { Failure } from './failure.ts'
import { readdir } from './folder.ts'
import { freeStateid, lock, lockt, locku, releaseLockowner } from './lock.ts'
import { access, getattr, getfh, lookup, lookupp, nverify, openattr, putfh, putpubfh, putrootfh, readlink, restorefh, savefh, secinfo, secinfoNoName, verify } from './look.ts'
import { open } from './open.ts'
import { delegpurge, delegreturn, renew, setclientid, setclientidConfirm } from './register.ts'
import { backchannelCtl, bindConnToSession, createSession, destroyClientid, destroySession, exchangeId, reclaimComplete, sequence, testStateid } from './sessions.ts'
import { commit, read, write } from './transfer.ts'

const refuse = (): never => {
  throw new Failure('notSupported', 'that is not done here')
}

export const acts: { readonly [Name in Operation]: Act4<Name> } = {
  access, backchannelCtl, bindConnToSession, close, commit, create, createSession, delegpurge, delegreturn, destroyClientid, destroySession, exchangeId, freeStateid, getattr, getfh, link, lock, lockt, locku,
  lookup, lookupp, nverify, open, openConfirm, openDowngrade, openattr, putfh, putpubfh, putrootfh, read, readdir, readlink, reclaimComplete, releaseLockowner, remove, rename, renew, restorefh, savefh,
  secinfo, secinfoNoName, sequence, setattr, setclientid, setclientidConfirm, testStateid, verify, write,
  // Neither delegations of folders, nor pNFS, nor shared keys.
  getDirDelegation: refuse, getdeviceinfo: refuse, getdevicelist: refuse, layoutcommit: refuse, layoutget: refuse, layoutreturn: refuse, setSsv: refuse, wantDelegation: refuse,
}

/** What 4.1 "MUST NOT" have any more (RFC 8881 §16.2.3). */
export const gone: ReadonlySet<Operation> = new Set(['openConfirm', 'renew', 'releaseLockowner', 'setclientid', 'setclientidConfirm'])
/** What 4.1 lets stand alone, outside a session. */
export const sessionless: ReadonlySet<Operation> = new Set(['exchangeId', 'createSession', 'destroySession', 'bindConnToSession', 'destroyClientid'])
