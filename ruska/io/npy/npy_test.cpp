// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/io/npy/header.hpp"

namespace ruska::io::npy {
namespace {

TEST(NpyHeader, UnderstandsWhatNumPyWrites) {
  const Header plain = parse_header("{'descr': '<u2', 'fortran_order': False, 'shape': (3, 4), }   \n");
  EXPECT_EQ(plain.dtype, DType::uint16);
  EXPECT_EQ(plain.shape, (Shape{3, 4}));
  EXPECT_FALSE(plain.fortran_order);
  EXPECT_FALSE(plain.big_endian);
  const Header scalar = parse_header("{'descr': '>c8', 'fortran_order': True, 'shape': ()}");
  EXPECT_TRUE(scalar.shape.empty());
  EXPECT_TRUE(scalar.big_endian);
  EXPECT_EQ(parse_header("{'descr': '|b1', 'fortran_order': False, 'shape': (1L,), }").dtype, DType::uint8);
  const Header pixels = parse_header(
      "{'descr': [('R', '|u1'), (('green', 'G'), '|u1'), ('B', '|u1')], 'fortran_order': False, 'shape': (2, 2), }");
  EXPECT_EQ(pixels.fields, (std::vector<std::string>{"R", "G", "B"}));
}

struct Refused {
  const char* text;
  ErrorKind kind;
};

TEST(NpyHeader, RefusesTheRest) {
  const Refused all[] = {
      {"", ErrorKind::bad_data},
      {"{", ErrorKind::bad_data},
      {"{}", ErrorKind::bad_data},
      {"{'descr': '<u2', 'fortran_order': False}", ErrorKind::bad_data},
      {"{'descr': '<u2', 'fortran_order': 0, 'shape': ()}", ErrorKind::bad_data},
      {"{'descr': '<u2', 'fortran_order': False, 'shape': (-1,)}", ErrorKind::bad_data},
      {"{'descr': '<u2', 'fortran_order': False, 'shape': (99999999999999999999,)}", ErrorKind::bad_data},
      {"{'descr': '<u2', 'fortran_order': False, 'shape': (1,)} more", ErrorKind::bad_data},
      {"{'descr': '<u2', 'descr': '<u2', 'fortran_order': False, 'shape': (1,)}", ErrorKind::bad_data},
      {"{'descr': [], 'fortran_order': False, 'shape': (1,)}", ErrorKind::bad_data},
      {"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", ErrorKind::unsupported},
      {"{'descr': '<f2', 'fortran_order': False, 'shape': (1,)}", ErrorKind::unsupported},
      {"{'descr': [('a', '<u2'), ('b', '<f4')], 'fortran_order': False, 'shape': (1,)}", ErrorKind::unsupported},
      {"{'descr': [('a', '<u2', (3,))], 'fortran_order': False, 'shape': (1,)}", ErrorKind::unsupported},
  };
  for (const Refused& one : all) {
    try {
      parse_header(one.text);
      ADD_FAILURE() << "accepted " << one.text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), one.kind) << one.text;
    }
  }
}

TEST(NpyHeader, PreambleIsAlignedAndNamesTheDtype) {
  Description description;
  description.dtype = DType::int32;
  description.axes.resize(1);
  description.axes[0].size = 5;
  const std::string preamble = format_preamble(description);
  EXPECT_EQ(preamble.size() % 64, 0u);
  EXPECT_EQ(preamble.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  EXPECT_THAT(preamble, testing::HasSubstr("{'descr': '<i4', 'fortran_order': False, 'shape': (5,), }"));
  EXPECT_EQ(preamble.back(), '\n');
  description.fields = {"a", "b", "µ", "d", "it's"};
  const std::string structured = format_preamble(description);
  EXPECT_EQ(structured[6], 3) << "names beyond ASCII need version 3";
  EXPECT_THAT(structured, testing::HasSubstr(R"(('it\'s', '<i4')], 'fortran_order': False, 'shape': (), })"));
}

}  // namespace
}  // namespace ruska::io::npy
