/**
 * How MinIO's administration API encrypts what has keys in it, with the caller's own secret key: a salt, the number of
 * the algorithm, a nonce, and fragments sealed one by one, each with its number in the nonce.
 */
import { argon2Sync, createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const saltLength = 32;
const nonceLength = 8;
const tagLength = 16;
const fragmentLength = 2 ** 14;
/** Argon2id and AES-256-GCM: what servers with a common processor use. */
const algorithm = 0;

/** Encrypts a request's body. */
export function seal(secretKey: string, text: string): Buffer<ArrayBuffer> {
  const salt = randomBytes(saltLength);
  const nonce = randomBytes(nonceLength);
  const key = keyFor(secretKey, salt);
  const fragments = split(Buffer.from(text), fragmentLength).map((fragment, index, all) =>
    sealFragment(key, nonce, index + 1, associated(key, nonce, index + 1 === all.length), fragment),
  );
  return Buffer.concat([salt, Buffer.of(algorithm), nonce, ...fragments]);
}

/**
 * Decrypts an answer.
 *
 * @throws when another key encrypted it, or another algorithm
 */
export function open(secretKey: string, data: Buffer): string {
  const salt = data.subarray(0, saltLength);
  const nonce = data.subarray(saltLength + 1, saltLength + 1 + nonceLength);
  if (data[saltLength] !== algorithm) {
    throw new Error(
      `MinIO's answer is encrypted in a way (${data[saltLength] ?? "none"}) that this stand-in does not know`,
    );
  }
  const key = keyFor(secretKey, salt);
  const sealed = split(data.subarray(saltLength + 1 + nonceLength), fragmentLength + tagLength);
  const opened = sealed.map((fragment, index, all) =>
    openFragment(key, nonce, index + 1, associated(key, nonce, index + 1 === all.length), fragment),
  );
  return Buffer.concat(opened).toString("utf8");
}

function keyFor(secretKey: string, salt: Buffer): Buffer {
  return argon2Sync("argon2id", {
    message: Buffer.from(secretKey),
    nonce: salt,
    parallelism: 4,
    tagLength: 32,
    memory: 64 * 1024,
    passes: 1,
  });
}

/** What every fragment is bound to: whether it is the last one, and the stream it belongs to. */
function associated(key: Buffer, nonce: Buffer, isLast: boolean): Buffer {
  return Buffer.concat([
    Buffer.of(isLast ? 0x80 : 0x00),
    sealFragment(key, nonce, 0, Buffer.alloc(0), Buffer.alloc(0)),
  ]);
}

function sealFragment(key: Buffer, nonce: Buffer, number: number, bound: Buffer, text: Buffer): Buffer {
  const cipher = createCipheriv("aes-256-gcm", key, numbered(nonce, number));
  cipher.setAAD(bound);
  return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

function openFragment(key: Buffer, nonce: Buffer, number: number, bound: Buffer, sealed: Buffer): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", key, numbered(nonce, number));
  decipher.setAAD(bound);
  decipher.setAuthTag(sealed.subarray(-tagLength));
  return Buffer.concat([decipher.update(sealed.subarray(0, -tagLength)), decipher.final()]);
}

function numbered(nonce: Buffer, number: number): Buffer {
  const counter = Buffer.alloc(4);
  counter.writeUInt32LE(number);
  return Buffer.concat([nonce, counter]);
}

/** Pieces of a length, the last one shorter; one even of nothing. */
function split(data: Buffer, length: number): Buffer[] {
  const count = Math.max(1, Math.ceil(data.length / length));
  return Array.from({ length: count }, (_, index) => data.subarray(index * length, (index + 1) * length));
}
