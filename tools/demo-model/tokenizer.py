"""A byte-fallback BPE tokeniser of the "llama" (SentencePiece) kind, as llama.cpp's llm_tokenizer_spm reads it."""
import collections
import random
import re
import struct

import language
import protobuf_wire as protobuf
import schedule

SPACE = "\u2581"
UNKNOWN, BOS, EOS = 0, 1, 2
FIRST_BYTE = 3
VOCABULARY = 752
# SentencePiece's piece types.
NORMAL, UNKNOWN_TYPE, CONTROL, BYTE = 1, 2, 3, 6
BPE = 2  # SentencePiece's model type


class Tokenizer:
    """Pieces in id order; a later normal piece has a lower score, so earlier merges win."""

    def __init__(self, pieces, scores, types):
        self.pieces, self.scores, self.types = pieces, scores, types
        self._id = {piece: i for i, piece in enumerate(pieces) if types[i] == NORMAL}
        self._words = {}

    def encode(self, text):
        """Ids of one stretch of text, which gets a space in front (add_space_prefix), without BOS."""
        if text == "":
            return []
        spaced = (" " + text).replace(" ", SPACE)
        # No piece spans the start of a word, so words can be looked up one by one.
        words = re.findall(f"{SPACE}?[^{SPACE}]+|{SPACE}", spaced)
        return [i for word in words for i in self._encode_word(word)]

    def decode(self, ids):
        """The text of these ids; special ids say nothing, and the first space is the prefix."""
        data = b""
        for i in ids:
            if self.types[i] == BYTE:
                data += bytes([i - FIRST_BYTE])
            elif self.types[i] == NORMAL:
                data += self.pieces[i].replace(SPACE, " ").encode()
        return data.decode("utf-8", "replace").removeprefix(" ")

    def _encode_word(self, word):
        if word not in self._words:
            symbols = list(word)
            while True:
                pairs = [(self._id.get(a + b), at) for at, (a, b) in enumerate(zip(symbols, symbols[1:]))]
                known = [(self.scores[i], -at) for i, at in pairs if i is not None]
                if not known:
                    break
                at = -max(known)[1]
                symbols[at : at + 2] = [symbols[at] + symbols[at + 1]]
            self._words[word] = [i for symbol in symbols for i in self._ids_of(symbol)]
        return self._words[word]

    def _ids_of(self, symbol):
        if symbol in self._id:
            return [self._id[symbol]]
        return [FIRST_BYTE + byte for byte in symbol.encode()]

    def save(self, path):
        """Writes a SentencePiece ModelProto, the tokenizer.model of published checkpoints."""
        pieces = b"".join(
            protobuf.message(1, protobuf.text(1, piece) + protobuf.float32(2, score) + protobuf.varint(3, kind))
            for piece, score, kind in zip(self.pieces, self.scores, self.types)
        )
        trainer = (
            protobuf.varint(3, BPE)
            + protobuf.varint(4, len(self.pieces))
            + protobuf.varint(35, True)  # byte_fallback
            + protobuf.varint(40, UNKNOWN)
            + protobuf.varint(41, BOS)
            + protobuf.varint(42, EOS)
            + protobuf.varint(43, -1)  # no padding piece
        )
        normalizer = (
            protobuf.text(1, "identity")
            + protobuf.varint(3, True)  # add_dummy_prefix
            + protobuf.varint(4, False)  # remove_extra_whitespaces
            + protobuf.varint(5, True)  # escape_whitespaces
        )
        with open(path, "wb") as file:
            file.write(pieces + protobuf.message(2, trainer) + protobuf.message(3, normalizer))

    @classmethod
    def load(cls, path):
        with open(path, "rb") as file:
            fields = [dict(protobuf.fields(value)) for key, value in protobuf.fields(file.read()) if key == 1]
        pieces = [field[1].decode() for field in fields]
        scores = [struct.unpack("<f", field[2])[0] for field in fields]
        return cls(pieces, scores, [field[3] for field in fields])


def train():
    """Learns the merges from the prompts and sentences of language.py."""
    counts = _count_words()
    words = {word: list(word) for word in counts}
    characters = [SPACE] + [chr(code) for code in range(33, 127)]
    merges = {}
    while FIRST_BYTE + 256 + len(merges) + len(characters) < VOCABULARY:
        pairs = collections.Counter()
        for word, symbols in words.items():
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] += counts[word]
        if not pairs:
            raise ValueError(f"the training text gives only {len(merges)} merges")
        first, second = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges[first + second] = None
        for symbols in words.values():
            at = 0
            while at < len(symbols) - 1:
                if (symbols[at], symbols[at + 1]) == (first, second):
                    symbols[at : at + 2] = [first + second]
                at += 1
    learnt = list(merges) + characters
    pieces = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)] + learnt
    types = [UNKNOWN_TYPE, CONTROL, CONTROL] + [BYTE] * 256 + [NORMAL] * len(learnt)
    scores = [0.0] * (FIRST_BYTE + 256) + [-float(rank) for rank in range(len(learnt))]
    return Tokenizer(pieces, scores, types)


def _count_words():
    chance = random.Random(0)
    counts = collections.Counter()

    def add(text, times=1):
        for line in text.split("\n"):
            for word in re.findall(f"{SPACE}[^{SPACE}]+", (" " + line).replace(" ", SPACE)):
                counts[word] += times

    for _ in range(3000):
        cells = sorted(chance.sample(range(9), chance.randrange(4)))
        shapes = [
            {"colour": chance.choice(language.COLOURS), "kind": chance.choice(language.KINDS), "cell": cell}
            for cell in cells
        ]
        for turn in schedule.SOME:
            question, answer = turn(chance, shapes)
            add(question)
            # After an image the text starts on a new line, so its first word has no space in front.
            counts[question.split(" ")[0]] += 1
            add("ASSISTANT: " + answer)
            add("USER: ")
    add(language.SYSTEM, 500)
    for word in language.FILLER:
        add(word, 500)
        add(word.capitalize(), 200)
    return counts
