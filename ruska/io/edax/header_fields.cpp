// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/edax/header_fields.hpp"

#include <algorithm>
#include <cmath>

#include "ruska/io/byte_cursor.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io::edax {

namespace {

constexpr Field spc[] = {
    {"fVersion", 'f', 0},
    {"aVersion", 'f', 4},
    {"fileName", 'c', 8, 8},
    {"collectDateYear", 'h', 16},
    {"collectDateDay", 'b', 18},
    {"collectDateMon", 'b', 19},
    {"collectTimeMin", 'b', 20},
    {"collectTimeHour", 'b', 21},
    {"collectTimeHund", 'b', 22},
    {"collectTimeSec", 'b', 23},
    {"fileSize", 'i', 24},
    {"dataStart", 'i', 28},
    {"numPts", 'h', 32},
    {"intersectingDist", 'h', 34},
    {"workingDist", 'h', 36},
    {"scaleSetting", 'h', 38},
    {"spectrumLabel", 'c', 64, 256},
    {"imageFilename", 'c', 320, 8},
    {"spotX", 'h', 328},
    {"spotY", 'h', 330},
    {"imageADC", 'h', 332},
    {"discrValues", 'i', 334, 5},
    {"discrEnabled", 'b', 354, 5},
    {"pileupProcessed", 'b', 359},
    {"fpgaVersion", 'i', 360},
    {"pileupProcVersion", 'i', 364},
    {"NB5000CFG", 'i', 368},
    {"evPerChan", 'i', 384},
    {"ADCTimeConstant", 'h', 388},
    {"analysisType", 'h', 390},
    {"preset", 'f', 392},
    {"maxp", 'i', 396},
    {"maxPeakCh", 'i', 400},
    {"xRayTubeZ", 'h', 404},
    {"filterZ", 'h', 406},
    {"current", 'f', 408},
    {"sampleCond", 'h', 412},
    {"sampleType", 'h', 414},
    {"xrayCollimator", 'H', 416},
    {"xrayCapilaryType", 'H', 418},
    {"xrayCapilarySize", 'H', 420},
    {"xrayFilterThickness", 'H', 422},
    {"spectrumSmoothed", 'H', 424},
    {"detector_Size_SiLi", 'H', 426},
    {"spectrumReCalib", 'H', 428},
    {"eagleSystem", 'H', 430},
    {"sumPeakRemoved", 'H', 432},
    {"edaxSoftwareType", 'H', 434},
    {"escapePeakRemoved", 'H', 442},
    {"analyzerType", 'I', 444},
    {"startEnergy", 'f', 448},
    {"endEnergy", 'f', 452},
    {"liveTime", 'f', 456},
    {"tilt", 'f', 460},
    {"takeoff", 'f', 464},
    {"beamCurFact", 'f', 468},
    {"detReso", 'f', 472},
    {"detectType", 'I', 476},
    {"parThick", 'f', 480},
    {"alThick", 'f', 484},
    {"beWinThick", 'f', 488},
    {"auThick", 'f', 492},
    {"siDead", 'f', 496},
    {"siLive", 'f', 500},
    {"xrayInc", 'f', 504},
    {"azimuth", 'f', 508},
    {"elevation", 'f', 512},
    {"bCoeff", 'f', 516},
    {"cCoeff", 'f', 520},
    {"tailMax", 'f', 524},
    {"tailHeight", 'f', 528},
    {"kV", 'f', 532},
    {"apThick", 'f', 536},
    {"xTilt", 'f', 540},
    {"yTilt", 'f', 544},
    {"yagStatus", 'I', 548},
    {"rawDataType", 'H', 576},
    {"totalBkgdCount", 'f', 578},
    {"totalSpectralCount", 'I', 582},
    {"avginputCount", 'f', 586},
    {"stdDevInputCount", 'f', 590},
    {"peakToBack", 'H', 594},
    {"peakToBackValue", 'f', 596},
    {"numElem", 'h', 638},
    {"at", 'H', 640, 48},
    {"line", 'H', 736, 48},
    {"energy", 'f', 832, 48},
    {"height", 'I', 1024, 48},
    {"spkht", 'h', 1216, 48},
    {"numRois", 'h', 1342},
    {"st", 'h', 1344, 48},
    {"end", 'h', 1440, 48},
    {"roiEnable", 'h', 1536, 48},
    {"roiNames", 'c', 1632, 192},
    {"userID", 'c', 1825, 80},
    {"sRoi", 'h', 2016, 48},
    {"scaNum", 'h', 2112, 48},
    {"backgrdWidth", 'h', 2220},
    {"manBkgrdPerc", 'f', 2222},
    {"numBkgrdPts", 'h', 2226},
    {"backMethod", 'I', 2228},
    {"backStEng", 'f', 2232},
    {"backEndEng", 'f', 2236},
    {"bg", 'h', 2240, 64},
    {"bgType", 'I', 2368},
    {"concenKev1", 'f', 2372},
    {"concenKev2", 'f', 2376},
    {"concenMethod", 'h', 2380},
    {"jobFilename", 'c', 2382, 32},
    {"numLabels", 'h', 2430},
    {"label", 'c', 2432, 320},
    {"labelx", 'h', 2752, 10},
    {"labely", 'i', 2772, 10},
    {"zListFlag", 'i', 2812},
    {"bgPercents", 'f', 2816, 64},
    {"IswGBg", 'h', 3072},
    {"BgPoints", 'f', 3074, 5},
    {"IswGConc", 'h', 3094},
    {"numConcen", 'h', 3096},
    {"ZList", 'h', 3098, 24},
    {"GivenConc", 'f', 3146, 24},
};

constexpr Field spd[] = {
    {"tag", 'c', 0, 16},  {"version", 'i', 16},    {"nSpectra", 'i', 20},   {"nPoints", 'i', 24},
    {"nLines", 'I', 28},  {"nChannels", 'I', 32},  {"countBytes", 'I', 36}, {"dataOffset", 'I', 40},
    {"nFrames", 'I', 44}, {"fName", 'c', 48, 120},
};

/// Without what follows byte 252, which only later versions have.
constexpr Field ipr[] = {
    {"version", 'H', 0},
    {"imageType", 'H', 2},
    {"label", 'c', 4, 8},
    {"sMin", 'H', 12},
    {"sMax", 'H', 14},
    {"color", 'H', 16},
    {"presetMode", 'H', 18},
    {"presetTime", 'I', 20},
    {"dataType", 'H', 24},
    {"timeConstantOld", 'H', 26},
    {"roiStartChan", 'H', 30},
    {"roiEndChan", 'H', 32},
    {"userMin", 'h', 34},
    {"userMax", 'h', 36},
    {"iADC", 'H', 38},
    {"iBits", 'H', 42},
    {"nReads", 'H', 44},
    {"nFrames", 'H', 46},
    {"fDwell", 'f', 48},
    {"accV", 'H', 52},
    {"tilt", 'h', 54},
    {"takeoff", 'h', 56},
    {"mag", 'I', 58},
    {"wd", 'H', 62},
    {"mppX", 'f', 64},
    {"mppY", 'f', 68},
    {"nTextLines", 'H', 72},
    {"charText", 'c', 74, 128},
    {"nOverlayElements", 'H', 218},
    {"overlayColors", 'H', 220, 16},
};

std::size_t size_of_type(char type) {
  switch (type) {
    case 'b':
    case 'c': return 1;
    case 'h':
    case 'H': return 2;
    default: return 4;
  }
}

Json read_one(ByteCursor& in, char type) {
  switch (type) {
    case 'b': return in.number<std::int8_t>();
    case 'h': return in.number<std::int16_t>();
    case 'H': return in.number<std::uint16_t>();
    case 'i': return in.number<std::int32_t>();
    case 'I': return in.number<std::uint32_t>();
    default: {
      const float value = in.number<float>();
      return std::isfinite(value) ? Json(static_cast<double>(value)) : Json(nullptr);
    }
  }
}

}  // namespace

std::span<const Field> spc_fields() { return spc; }
std::span<const Field> spd_fields() { return spd; }
std::span<const Field> ipr_fields() { return ipr; }

std::size_t extent(std::span<const Field> fields) {
  std::size_t end = 0;
  for (const Field& field : fields) end = std::max(end, field.offset + field.count * size_of_type(field.type));
  return end;
}

Json read_fields(std::span<const std::byte> header, std::span<const Field> fields) {
  ByteCursor in(header, "the EDAX header");
  Json all = Json::object();
  for (const Field& field : fields) {
    in.move_to(field.offset);
    Json& place = all[std::string(field.name)];
    if (field.type == 'c') {
      place = to_utf8(trimmed(in.text(field.count)));
    } else if (field.count == 1) {
      place = read_one(in, field.type);
    } else {
      place = Json::array();
      for (std::size_t i = 0; i < field.count; ++i) place.push_back(read_one(in, field.type));
    }
  }
  return all;
}

}  // namespace ruska::io::edax
